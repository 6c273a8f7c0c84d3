"""Cutting text into passages: nothing is lost, nothing is empty, nothing grows too long."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.documents import Document, DocumentPassage, pack_blocks, slug

SENTENCE = (
    st.text("abcdefghij ,", min_size=1, max_size=60).map(lambda t: t.strip(" ,") or "word").map(lambda t: t + ".")
)
BLOCK = st.lists(SENTENCE, min_size=1, max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Restore one file (web)", "restore-one-file-web"),
        ("  HL-2203: TLS!  ", "hl-2203-tls"),
        ("", "intro"),
        ("???", "intro"),
    ],
)
def test_a_heading_becomes_a_readable_slug(heading: str, expected: str) -> None:
    assert slug(heading) == expected


@given(st.text(max_size=400))
def test_every_slug_fits_an_address_and_the_table(heading: str) -> None:
    assert set(slug(heading)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 1 <= len(slug(heading)) <= 100
    assert slug(slug(heading)) == slug(heading)


def test_short_blocks_share_a_passage() -> None:
    assert pack_blocks(["Plan: Solo.", "Price: €6."], limit=40) == ["Plan: Solo.\nPrice: €6."]


def test_a_block_that_does_not_fit_starts_the_next_passage() -> None:
    assert pack_blocks(["one two three.", "four five six."], limit=20) == ["one two three.", "four five six."]


def test_a_long_block_is_cut_between_sentences() -> None:
    assert pack_blocks(["One is here. Two is here. Three."], limit=16) == ["One is here.", "Two is here.", "Three."]


def test_a_sentence_longer_than_the_limit_stays_whole() -> None:
    long = "word " * 30 + "end."
    assert pack_blocks([f"Short. {long} Short."], limit=40) == ["Short.", long, "Short."]


def test_nothing_gives_no_passages() -> None:
    assert pack_blocks([]) == []
    assert pack_blocks(["", "  ", "\n"]) == []


@given(st.lists(BLOCK, max_size=8), st.integers(20, 200))
def test_no_word_is_lost_or_moved(blocks: list[str], limit: int) -> None:
    assert " ".join(pack_blocks(blocks, limit)).split() == " ".join(blocks).split()


@given(st.lists(BLOCK, max_size=8), st.integers(62, 200))
def test_no_passage_is_longer_than_the_limit(blocks: list[str], limit: int) -> None:
    assert all(len(text) <= limit for text in pack_blocks(blocks, limit))


@given(st.lists(st.text(max_size=100), max_size=8), st.integers(5, 50))
def test_no_passage_is_empty_whatever_comes(blocks: list[str], limit: int) -> None:
    assert all(text.strip() for text in pack_blocks(blocks, limit))


def test_the_digest_follows_the_content() -> None:
    passage = DocumentPassage(id="faq:1", text="answer")
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    document = Document("faq:1", "faq", "title", "", None, "public", moment, (passage,))
    assert document.digest == replace(document).digest
    assert document.digest != replace(document, passages=(replace(passage, text="other"),)).digest
