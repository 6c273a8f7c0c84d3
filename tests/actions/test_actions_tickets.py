"""Tickets: numbers of their own, seen only by those they belong to, and a sentence whatever the database does."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from actions.clients.tickets import NewTicket, TicketStore
from actions.settings import settings
from contracts.tables import TicketRow, now
from tests.actions.conftest import Desk
from tests.actions.neighbours import call

FORM = {"email": "ann@mail.example", "product": "backup", "summary": "The backup stops at 97 %.", "severity": "high"}


def open_ticket(desk: Desk, sender: str = "", **slots: Any) -> str:
    number = desk.run("action_open_ticket", "yes", sender, slots=FORM | slots).slots["ticket_number"]
    return str(number)


def tickets(desk: Desk) -> dict[str, TicketRow]:
    with Session(desk.engine) as session:
        return {row.number: row for row in session.scalars(select(TicketRow))}


def test_the_ticket_holds_what_the_form_collected(desk: Desk) -> None:
    number = open_ticket(desk)
    row = tickets(desk)[number]
    assert (row.email, row.product, row.summary, row.severity) == tuple(FORM.values())
    assert (row.conversation_id, row.origin, row.status) == (desk.conversation, "chat", "open")


def test_the_customer_is_told_the_number_and_the_form_is_forgotten(desk: Desk) -> None:
    said = desk.run("action_open_ticket", slots=FORM)
    assert said.slots["ticket_number"] == "T-000001" and "T-000001" in said.text
    assert {name: said.slots[name] for name in ("product", "summary", "severity")} == dict.fromkeys(
        ("product", "summary", "severity")
    )
    assert "email" not in said.slots


def test_numbers_count_up(desk: Desk) -> None:
    assert [open_ticket(desk) for _ in range(3)] == ["T-000001", "T-000002", "T-000003"]


def test_twenty_tickets_at_once_get_twenty_numbers(desk: Desk) -> None:
    calls = [call("action_open_ticket", "yes", f"web-{uuid4().hex}", slots=FORM) for _ in range(20)]
    said = desk.run_all(*calls)
    assert {one.slots.get("ticket_number") for one in said} == {f"T-{number:06d}" for number in range(1, 21)}
    assert len(tickets(desk)) == 20


@pytest.mark.parametrize("action", ["action_open_ticket", "action_handoff"])
def test_a_turn_that_is_run_again_tells_the_ticket_it_had_opened(desk: Desk, action: str) -> None:
    metadata = {"turn_id": f"t-{uuid4().hex}"}
    first, again = (desk.run(action, "yes", slots=FORM, metadata=metadata) for _ in range(2))
    assert (first.text, first.slots) == (again.text, again.slots)
    assert [row.turn_id for row in tickets(desk).values()] == [metadata["turn_id"]]


def test_another_turn_opens_another_ticket(desk: Desk) -> None:
    for _ in range(2):
        desk.run("action_open_ticket", "yes", slots=FORM, metadata={"turn_id": f"t-{uuid4().hex}"})
    assert list(tickets(desk)) == ["T-000001", "T-000002"]


@pytest.mark.parametrize(
    "metadata", [None, {}, {"turn_id": None}, {"turn_id": "none"}, {"turn_id": ""}, {"turn_id": 7}]
)
def test_without_a_turn_id_every_call_opens_a_ticket(desk: Desk, metadata: Any) -> None:
    for _ in range(2):
        desk.run("action_open_ticket", "yes", slots=FORM, metadata=metadata)
    assert [row.turn_id for row in tickets(desk).values()] == [None, None]


@pytest.mark.parametrize("again", [1, 4])
def test_turns_that_race_with_themselves_and_each_other_open_one_ticket_each(engine: Engine, again: int) -> None:
    """On both databases; from threads that start together, with a connection each."""
    store = TicketStore(engine.url.render_as_string(hide_password=False))
    turns = [f"t-{turn}" for turn in range(4)] * again
    start = threading.Barrier(len(turns))

    def open_one(turn: str) -> str:
        start.wait()
        return store._open(NewTicket("web-1", "It stops.", turn_id=turn))

    with ThreadPoolExecutor(len(turns)) as pool:
        numbers = list(pool.map(open_one, turns))
    assert numbers == numbers[:4] * again and len(set(numbers)) == 4
    with Session(engine) as session:
        assert {row.turn_id: row.number for row in session.scalars(select(TicketRow))} == dict(
            zip(turns, numbers, strict=True)
        )
    store._engine.dispose()


@pytest.mark.parametrize("number", ["4101", "T-OLD-7", "T-"])
def test_numbers_of_imported_tickets_do_no_harm(desk: Desk, number: str) -> None:
    with Session(desk.engine) as session, session.begin():
        session.add(
            TicketRow(
                number=number, origin="helpdesk", summary="old", status="solved", created_at=now(), updated_at=now()
            )
        )
    assert open_ticket(desk) == "T-000001"


@pytest.mark.parametrize("text", ["what about {number}?", "status of {number} please", "any news?"])
def test_the_status_is_told_in_the_same_conversation(desk: Desk, text: str) -> None:
    number = open_ticket(desk)
    said = desk.run("action_ticket_status", text.format(number=number), slots={"ticket_number": number})
    assert f"Ticket {number}, opened on" in said.text and "is open" in said.text
    assert said.slots == {"ticket_number": number}


@pytest.mark.parametrize("said", ["t 1", "T-1", "t-000001", "ticket T1"])
def test_a_number_may_be_written_loosely(desk: Desk, said: str) -> None:
    open_ticket(desk)
    assert "Ticket T-000001" in desk.run("action_ticket_status", said).text


def test_the_status_is_told_to_the_same_address_in_another_conversation(desk: Desk) -> None:
    number = open_ticket(desk)
    said = desk.run("action_ticket_status", number, f"web-{uuid4().hex}", slots={"email": "Ann@Mail.Example"})
    assert f"Ticket {number}" in said.text


@pytest.mark.parametrize("email", [None, "", "bob@mail.example"])
def test_the_tickets_of_others_are_not_found(desk: Desk, email: str | None) -> None:
    number = open_ticket(desk)
    said = desk.run("action_ticket_status", number, f"web-{uuid4().hex}", slots={"email": email})
    assert said.text.startswith(f"I can't find {number}")
    assert "open," not in said.text and "97" not in said.text


def test_a_ticket_without_an_address_is_not_found_without_one(desk: Desk) -> None:
    number = open_ticket(desk, email=None)
    said = desk.run("action_ticket_status", number, f"web-{uuid4().hex}", slots={"email": None})
    assert said.text.startswith(f"I can't find {number}")


def test_imported_tickets_are_not_found(desk: Desk) -> None:
    with Session(desk.engine) as session, session.begin():
        session.add(
            TicketRow(
                number="T-000777", origin="helpdesk", email=FORM["email"], summary="old", status="solved",
                created_at=now(), updated_at=now(),
            )
        )  # fmt: skip
    assert "can't find T-000777" in desk.run("action_ticket_status", "T-000777", slots=FORM).text


@pytest.mark.parametrize("slot", [None, "", "nonsense", []])
def test_without_a_number_the_action_asks_for_one(desk: Desk, slot: Any) -> None:
    said = desk.run("action_ticket_status", "where does it stand?", slots={"ticket_number": slot})
    assert said.text.startswith("Which ticket do you mean?")


def test_a_hand_over_is_a_ticket_that_nobody_can_forget(desk: Desk) -> None:
    said = desk.run("action_handoff", "a person please", slots={"last_question": "where are the logs?"})
    row = tickets(desk)[said.slots["ticket_number"]]
    assert (row.summary, row.conversation_id) == ("Asks for a person: where are the logs?", desk.conversation)
    assert (said.slots["handoff"], said.slots["offer"]) == (True, "none")
    assert row.number in said.text and "leave your address" in said.text


def test_a_hand_over_with_an_address_says_where_the_answer_goes(desk: Desk) -> None:
    said = desk.run("action_handoff", slots={"email": "ann@mail.example"})
    assert "write to you at ann@mail.example" in said.text
    assert tickets(desk)[said.slots["ticket_number"]].email == "ann@mail.example"


def test_the_first_of_two_addresses_is_taken(desk: Desk) -> None:
    said = desk.run("action_handoff", slots={"email": ["ann@mail.example", "bob@mail.example"]})
    assert "write to you at ann@mail.example" in said.text
    status = desk.run("action_ticket_status", slots=said.slots | {"email": ["ann@mail.example", "x@mail.example"]})
    assert f"Ticket {said.slots['ticket_number']}" in status.text


@pytest.mark.parametrize("action", ["action_open_ticket", "action_ticket_status", "action_handoff"])
def test_a_database_that_fails_is_an_apology_and_a_status(
    desk: Desk, action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is no database " * 50)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/broken.db")
    settings.cache_clear()
    said = desk.run(action, "T-000001", slots=FORM)
    assert (said.custom, said.slots) == ({"status": "neighbour_down"}, {})
    assert said.text.startswith("Something on our side")


@pytest.mark.parametrize("action", ["action_open_ticket", "action_handoff"])
def test_after_the_deadline_no_ticket_is_opened(desk: Desk, action: str) -> None:
    """The customer has been told by then that it took too long, and will ask again."""
    said = desk.run(action, slots=FORM, metadata={"deadline_at": time.time() - 1})
    assert said.custom["status"] == "deadline_passed" and "too long" in said.text
    assert tickets(desk) == {}
