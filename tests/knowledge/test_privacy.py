"""Tickets become knowledge without the people in them."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.connectors import tickets
from knowledge.documents import Document
from knowledge.privacy import anonymise
from knowledge.settings import ROOT
from tests.knowledge.samples import ticket, write_tickets

TICKETS = ROOT / "knowledge" / "sources" / "tickets"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Customer Brigid Nolan called.", "Customer <name> called."),
        ("Brigid's drive; brigid NOLAN's laptop.", "<name>'s drive; <name>'s laptop."),
        ("Brigid-Nolan and Nolan, B.", "<name> and <name>, B."),
        ("GENT-BRIGID went offline.", "GENT-<name> went offline."),
        ("Nolanville and Brigidine stay.", "Nolanville and Brigidine stay."),
        ("Send it to 14 Albion Terrace, Bristol, please.", "Send it to <address>, please."),
    ],
)
def test_names_known_from_the_ticket_are_taken_out(text: str, expected: str) -> None:
    assert anonymise(text, ["Brigid Nolan"]) == expected


def test_a_short_part_of_a_name_takes_no_word_with_it() -> None:
    assert anonymise("Choose de or Li in the list.", ["Li de Wu"]) == "Choose de or Li in the list."
    assert anonymise("Li de Wu called.", ["Li de Wu"]) == "<name> called."


@given(st.text(max_size=120), st.lists(st.text(max_size=20), max_size=4))
def test_any_text_and_any_names_are_anonymised_without_error(text: str, people: list[str]) -> None:
    assert isinstance(anonymise(text, people), str)


@given(st.from_regex(r"[A-Z][a-z]{2,10} [A-Z][a-z]{2,10}", fullmatch=True).filter(lambda n: "name" not in n.lower()))
def test_no_part_of_a_name_survives(name: str) -> None:
    text = anonymise(f"{name} wrote: regards, {name.split()[0]}. Cc {name.upper()}", [name])
    assert not any(re.search(rf"\b{part}\b", text, re.IGNORECASE) for part in name.split())


@pytest.mark.parametrize("who", ["Oona Quirke", "Brigid Nolan", "Maren", "ann@fern.example", "C02TESTQ05D"])
def test_a_resolution_that_names_somebody_is_left_out_and_named(tmp_path: Path, who: str) -> None:
    comments = [{"author": "Oona Quirke", "role": "end-user", "body": "me too"}]
    resolution = f"Exempt the program from the proxy's inspection, as for {who}."
    careless = ticket(1, comments=comments, resolution=resolution)
    reading = tickets.read(write_tickets(tmp_path, [careless, ticket(2)]))
    assert [document.id for document in reading.documents] == ["ticket:2"]
    assert "ticket 1: its resolution holds personal data" in reading.left_out[0]


def test_an_agent_keeps_a_ticket_out_by_its_tag(tmp_path: Path) -> None:
    reading = tickets.read(
        write_tickets(tmp_path, [ticket(1, tags=["vpn", tickets.KEEP_OUT]), ticket(2, tags=["vpn"])])
    )
    assert [document.id for document in reading.documents] == ["ticket:2"]


def _identifiers() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(TICKETS.glob("identifiers-*.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def _survivors(document: Document, identifiers: list[str]) -> list[str]:
    text = "\n".join(
        [document.title, *(f"{p.heading}\n{p.question}\n{p.text}\n{p.prompts}" for p in document.passages)]
    )
    return [i for i in identifiers if re.search(rf"(?<!\w){re.escape(i)}(?!\w)", text)]


def test_no_identifier_of_a_sample_ticket_is_in_its_passage() -> None:
    identifiers, documents = _identifiers(), tickets.read(TICKETS).documents
    assert documents
    assert identifiers
    survivors = {d.id: _survivors(d, identifiers.get(d.id.removeprefix("ticket:"), [])) for d in documents}
    assert {number: found for number, found in survivors.items() if found} == {}


def test_the_sample_tickets_still_say_something() -> None:
    texts = [d.passages[0].text for d in tickets.read(TICKETS).documents]
    assert all(len(re.sub(r"<\w+>", "", text)) >= tickets.USABLE_RESOLUTION_CHARS for text in texts)
