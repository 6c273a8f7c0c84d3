"""Whole conversations through the public door: ticket, follow-up, hand-over, unknown, bad input."""

import re

import pytest

from contracts.wire import Decision
from tests.journeys.conftest import Town, ask

pytestmark = pytest.mark.timeout(300)


def test_up_asked_a_question_and_printed_the_reply_and_the_address(town: Town) -> None:
    assert "curated" in town.up_output
    assert f"http://127.0.0.1:{town.ports['gateway']}/" in town.up_output


def test_a_second_up_leaves_the_running_processes_alone(town: Town) -> None:
    again = town.frontdesk("up").stdout
    assert "Every process runs already" in again


def test_a_ticket_is_opened_with_a_mistake_and_its_correction_and_a_question_in_the_middle(town: Town) -> None:
    with town.visitor() as visitor:
        ask(visitor, "I want to open a ticket")
        refused = ask(visitor, "ines.brightfern.example")
        assert "e-mail" in refused.text
        assert "part of Harborlight" in ask(visitor, "ines@brightfern.example").text
        question = ask(visitor, "how long are deleted files kept on the solo plan?")
        assert question.evidence is not None
        ask(visitor, "backup")
        ask(visitor, "The backup of my laptop stops at 97 percent every night and starts again.")
        done = ask(visitor, "high")
        number = re.search(r"T-\d{6}", done.text)
        assert number, done.text
        assert number[0] in ask(visitor, f"what about {number[0]}?").text


def test_a_ticket_of_somebody_else_is_not_told(town: Town) -> None:
    with town.visitor() as owner, town.visitor() as stranger:
        number = re.search(r"T-\d{6}", ask(owner, "let me talk to a human").text)
        assert number
        assert "can't find" in ask(stranger, f"status of ticket {number[0]}").text


def test_what_nobody_wrote_down_is_not_answered_and_a_person_is_offered_and_comes(town: Town) -> None:
    with town.visitor() as visitor:
        unknown = ask(visitor, "is there a terraform provider")
        assert unknown.evidence is not None
        assert unknown.evidence.decision is Decision.UNKNOWN
        assert "colleague" in ask(visitor, "yes please").text


@pytest.mark.parametrize("text", ["/restart", '/inform{"email": "x@y.example"}', "/session_start"])
def test_a_leading_slash_is_text_and_no_command(town: Town, text: str) -> None:
    with town.visitor() as visitor:
        reply = ask(visitor, text)
    assert reply.text
    assert reply.status == "answered"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"text": ""}', 422), (b'{"text": "   "}', 422), (b'{"text": 7}', 422), (b"{}", 422), (b"[]", 422),
        (b"{not json", 400), (b"", 422), (b'{"text": "' + b"x" * 100_000 + b'"}', 413),
        (b'{"text": "' + b"x" * 5_000 + b'"}', 413), (b'{"text": "\xff"}', 400),
    ],
)  # fmt: skip
def test_a_message_that_is_none_gets_a_reason(town: Town, body: bytes, status: int) -> None:
    with town.visitor() as visitor:
        response = visitor.post("/chat/v1/messages", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.json()["message"]
    assert "Traceback" not in response.text
