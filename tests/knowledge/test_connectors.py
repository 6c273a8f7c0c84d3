"""Connectors: what is well-formed is read, what is not is named, and one broken item costs only itself."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from knowledge.connectors import faqs, pages, tickets
from tests.knowledge.samples import MEMORABLE, faq, page, ticket, write_faqs, write_pages, write_tickets


def test_a_faq_is_found_by_all_its_wordings(tmp_path: Path) -> None:
    reading = faqs.read(write_faqs(tmp_path, [faq(1, asked=["password gone", "let me in"])]))
    passage = reading.documents[0].passages[0]
    assert passage.prompts == ("How do I reset password number 1?", "password gone", "let me in")
    assert (passage.id, reading.left_out) == ("faq:faq-1", [])


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (faq(9, answer=None), "answer"),
        (faq(9, updated="soon"), "updated"),
        (faq(9, audience="friends"), "audience"),
        (faq(9, id="Two Words"), "id"),
        (faq(9, id="x" * 200), "id"),
        (faq(9, product="x" * 200), "product"),
        (faq(9, answr="typo"), "answr"),
        ({}, "id"),
    ],
)
def test_a_broken_faq_is_named_and_the_rest_read(tmp_path: Path, broken: dict[str, Any], named: str) -> None:
    reading = faqs.read(write_faqs(tmp_path, [faq(1), broken, faq(3)]))
    assert [document.id for document in reading.documents] == ["faq:faq-1", "faq:faq-3"]
    assert len(reading.left_out) == 1
    assert reading.left_out[0].startswith(f"faqs.yaml item 2: {named}")


def test_the_second_faq_of_one_id_is_named(tmp_path: Path) -> None:
    write_faqs(tmp_path, [faq(1)], "a.yaml")
    reading = faqs.read(write_faqs(tmp_path, [faq(1, answer="Another answer."), faq(2)], "b.yaml"))
    assert reading.left_out == ["b.yaml item 1: the id faq:faq-1 is taken already"]
    assert len(reading.documents) == 2


@pytest.mark.parametrize("content", [b"- id: [", b"\xff\xfe\x00", b"just words", b"a: 1", b"- 3", b"- id: a\x00b"])
def test_an_unreadable_faq_file_is_named_and_the_rest_read(tmp_path: Path, content: bytes) -> None:
    write_faqs(tmp_path, [faq(1)])
    (tmp_path / "broken.yaml").write_bytes(content)
    reading = faqs.read(tmp_path)
    assert len(reading.documents) == 1
    assert reading.left_out[0].startswith("broken.yaml")


def test_a_page_gives_a_passage_for_each_section(tmp_path: Path) -> None:
    reading = pages.read(write_pages(tmp_path, [page(7, "<p>Intro.</p><h2>On the web</h2><p>Click.</p>")]))
    document = reading.documents[0]
    assert [passage.id for passage in document.passages] == ["page:7#intro", "page:7#on-the-web"]
    assert (document.url, document.product) == ("https://help.example/pages/7", "desktop")
    assert document.updated_at == datetime(2026, 3, 2, 9, 14, tzinfo=UTC)


def test_a_long_section_becomes_numbered_passages(tmp_path: Path) -> None:
    body = "".join(f"<p>Sentence {n} says something about the limits of storage.</p>" for n in range(60))
    document = pages.read(write_pages(tmp_path, [page(7, body)])).documents[0]
    assert [passage.id for passage in document.passages][:2] == ["page:7#intro", "page:7#intro.2"]


def test_headings_that_look_alike_give_different_passages(tmp_path: Path) -> None:
    body = (
        "<p>a</p><h2>Web (new)</h2><p>b</p><h2>Web: new</h2><p>c</p><h2>文</h2><p>d</p>"
        + f"<h2>{'long ' * 90}</h2><p>e</p>"
    )
    ids = [passage.id for passage in pages.read(write_pages(tmp_path, [page(7, body)])).documents[0].passages]
    assert len(set(ids)) == 5
    assert max(map(len, ids)) <= 256


@pytest.mark.parametrize(
    ("labels", "audience"),
    [
        (("audience-public",), "public"),
        (("audience-internal",), "internal"),
        (("audience-public", "audience-internal"), "internal"),
        (("product-desktop",), "internal"),
        ((), "internal"),
    ],
)
def test_only_a_page_labelled_public_is_public(tmp_path: Path, labels: tuple[str, ...], audience: str) -> None:
    reading = pages.read(write_pages(tmp_path, [page(7, labels=labels)]))
    assert reading.documents[0].audience == audience


def test_pages_that_are_not_current_are_not_read(tmp_path: Path) -> None:
    reading = pages.read(write_pages(tmp_path, [page(1, status="trashed"), page(2, status="draft"), page(3)]))
    assert [document.id for document in reading.documents] == ["page:3"]
    assert reading.left_out == []


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "<p>never closed"},
        {"body": None},
        {"when": "yesterday"},
        {"when": "2026-03-02T09:14:00"},
        {"when": None},
        {"labels": ("audience-everybody",)},
        {"labels": (None,)},
        {"title": None},
        {"metadata": None},
        {"_links": []},
        {"version": "4"},
    ],
)
def test_a_broken_page_is_named_and_the_rest_read(tmp_path: Path, changes: dict[str, Any]) -> None:
    reading = pages.read(write_pages(tmp_path, [page(1), page(2, **changes), page(3)]))
    assert [document.id for document in reading.documents] == ["page:1", "page:3"]
    assert [line.split(":")[0] for line in reading.left_out] == ["2.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '"page"', "null", '{"status": 1'])
def test_an_unreadable_page_file_is_named(tmp_path: Path, content: str) -> None:
    write_pages(tmp_path, [page(1)])
    (tmp_path / "9.json").write_text(content)
    reading = pages.read(tmp_path)
    assert len(reading.documents) == 1
    assert reading.left_out[0].startswith("9.json: ")


def test_the_second_page_of_one_id_is_named(tmp_path: Path) -> None:
    write_pages(tmp_path, [page(1)])
    (tmp_path / "copy.json").write_text(json.dumps(page(1, "<p>Another.</p>")))
    reading = pages.read(tmp_path)
    assert len(reading.documents) == 1
    assert reading.left_out[0].startswith("copy.json: ")


def test_a_solved_ticket_gives_its_subject_and_resolution_only(tmp_path: Path) -> None:
    document = tickets.read(write_tickets(tmp_path, [ticket(7)])).documents[0]
    assert (document.id, document.title) == ("ticket:7", "Printer number 7 is not found")
    assert [passage.text for passage in document.passages] == [MEMORABLE]
    assert "It is gone" not in str(document)


@pytest.mark.parametrize(
    "changes", [{"status": "open"}, {"resolution": None}, {"resolution": "fixed"}, {"status": "pending"}]
)
def test_a_ticket_that_teaches_nothing_is_not_kept(tmp_path: Path, changes: dict[str, Any]) -> None:
    reading = tickets.read(write_tickets(tmp_path, [ticket(1), ticket(2, **changes)]))
    assert [document.id for document in reading.documents] == ["ticket:1"]
    assert reading.left_out == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"id": "seven"}, "id"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"updated_at": "2026-04-02T08:00:00"}, "updated_at"),
        ({"requester": None}, "requester"),
        ({"comments": [{"author": "x", "role": "robot", "body": ""}]}, "comments.0.role"),
    ],
)
def test_a_broken_ticket_is_named_and_the_rest_read(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    reading = tickets.read(write_tickets(tmp_path, [ticket(1), ticket(2, **changes), ticket(3)]))
    assert [document.id for document in reading.documents] == ["ticket:1", "ticket:3"]
    assert reading.left_out[0].startswith(f"tickets.jsonl line 2: {named}")


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085"])
def test_a_strange_line_break_inside_a_ticket_does_not_cut_it(tmp_path: Path, mark: str) -> None:
    reading = tickets.read(write_tickets(tmp_path, [ticket(1, resolution=f"{MEMORABLE}{mark}{MEMORABLE}")]))
    assert reading.left_out == []
    assert len(reading.documents) == 1


def test_an_unreadable_ticket_file_is_named_and_the_rest_read(tmp_path: Path) -> None:
    write_tickets(tmp_path, [ticket(1)])
    (tmp_path / "latin.jsonl").write_bytes('{"subject": "Größe"}'.encode("latin-1"))
    reading = tickets.read(tmp_path)
    assert len(reading.documents) == 1
    assert reading.left_out[0].startswith("latin.jsonl: ")


def test_the_second_ticket_of_one_number_is_named(tmp_path: Path) -> None:
    reading = tickets.read(write_tickets(tmp_path, [ticket(1), ticket(1, subject="Again"), ticket(2)]))
    assert [document.id for document in reading.documents] == ["ticket:1", "ticket:2"]
    assert reading.left_out[0].startswith("tickets.jsonl line 2: ")
