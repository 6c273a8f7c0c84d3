"""Every answer is kept with what it was made of, without personal data; a database that fails costs only the record."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from contracts.wire import ChatReply
from tests.gateway.conftest import Gateway
from tests.gateway.fake_rasa import says
from tests.gateway.test_gateway_moods import EVIDENCE


def reply_of(gateway: Gateway, text: str) -> ChatReply:
    response = gateway.ask(text)
    assert response.status_code == 200
    return ChatReply.model_validate(response.json())


def test_an_answer_is_stored_with_what_it_was_made_of(gateway: Gateway, question: str) -> None:
    gateway.rasa.moods[question] = says("Choose Versions.", custom={"evidence": EVIDENCE})
    reply = reply_of(gateway, question)
    row = gateway.stored(reply.turn_id)
    assert row is not None and row.evidence is not None and reply.evidence is not None
    assert (row.question, row.text, row.decision, row.channel) == (question, "Choose Versions.", "curated", "web")
    assert row.evidence == reply.evidence.model_dump(mode="json")
    assert row.conversation_id == gateway.rasa.heard_text(question)[0]["sender"]


def test_personal_data_is_stored_nowhere_in_the_answer(gateway: Gateway, question: str) -> None:
    asked = f"{question} for ann.lee@mail.example.com with card 4111 1111 1111 1111"
    evidence = EVIDENCE | {"question": asked}
    gateway.rasa.moods[asked] = says("I'll write to ann.lee@mail.example.com.", custom={"evidence": evidence})
    row = gateway.stored(reply_of(gateway, asked).turn_id)
    assert row is not None
    kept = f"{row.question} {row.text} {row.evidence}"
    assert "ann.lee" not in kept and "4111" not in kept
    assert row.question == f"{question} for <email> with card <card>"


def test_the_customer_and_rasa_still_see_the_words_as_written(gateway: Gateway, question: str) -> None:
    asked = f"{question} for ann.lee@mail.example.com"
    gateway.rasa.moods[asked] = says("I'll write to ann.lee@mail.example.com.")
    assert reply_of(gateway, asked).text == "I'll write to ann.lee@mail.example.com."
    assert len(gateway.rasa.heard_text(asked)) == 1


def test_a_message_that_needs_no_dialogue_is_stored_too(gateway: Gateway) -> None:
    row = gateway.stored(reply_of(gateway, "😀 👍").turn_id)
    assert row is not None
    assert (row.question, row.status, row.evidence) == ("😀 👍", "answered", None)


@contextmanager
def locked(file: str) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.close()


def test_a_locked_database_costs_the_record_and_not_the_reply(gateway: Gateway, question: str) -> None:
    before = gateway.counted("frontdesk_not_stored_total")
    with locked(gateway.database_url.removeprefix("sqlite:///")):
        reply = reply_of(gateway, question)
    assert reply.status == "answered"
    assert gateway.stored(reply.turn_id) is None
    assert gateway.counted("frontdesk_not_stored_total") >= before + 2


def test_health_is_ready_when_rasa_and_database_are(gateway: Gateway) -> None:
    response = httpx.get(f"{gateway.address}/health", trust_env=False)
    assert (response.status_code, response.json()) == (200, {"status": "ready", "rasa": True, "database": True})
