"""Whatever Rasa does on the wire, the turn ends in a sentence, an id, a status and a counter, in time."""

import time
from typing import Any

import pytest

from contracts.wire import ChatReply
from tests.gateway.conftest import TURN_SECONDS, Gateway
from tests.gateway.fake_rasa import Mood, cuts, drips, gives, says, waits

EVIDENCE = {
    "decision": "curated", "question": "how?", "index_version": "k1", "timings_ms": {"retrieve": 3.5},
    "sources": [{"id": "faq:1", "title": "T", "url": "", "score": 0.9, "updated_at": "2026-05-27T00:00:00Z"}],
}  # fmt: skip
FAILURES: dict[str, tuple[Mood, str]] = {
    "no messages": (gives([]), "neighbour_lied"),
    "an empty text": (says(""), "neighbour_lied"),
    "a blank text": (says(" \n "), "neighbour_lied"),
    "only an image": (gives([{"image": "http://x/y.png"}]), "neighbour_lied"),
    "only custom fields": (says(custom={"status": "answered"}), "neighbour_lied"),
    "wrong evidence": (says("Hello.", custom={"evidence": {"decision": "guess"}}), "neighbour_lied"),
    "status 500": (gives([], status=500), "neighbour_lied"),
    "status 404": (gives({}, status=404), "neighbour_lied"),
    "a redirection": (gives([], status=302), "neighbour_lied"),
    "no JSON": (gives(b"<html>"), "neighbour_lied"),
    "an empty body": (gives(b""), "neighbour_lied"),
    "an object": (gives({"text": "Hello."}), "neighbour_lied"),
    "a list of texts": (gives(["Hello."]), "neighbour_lied"),
    "a number as text": (gives([{"text": 7}]), "neighbour_lied"),
    "half a character": (gives(b'[{"text": "\\ud800"}]'), "neighbour_lied"),
    "silence": (waits(TURN_SECONDS + 1, says("Late.")), "deadline_passed"),
    "an answer in drops": (drips(TURN_SECONDS + 2), "deadline_passed"),
    "a cut connection": (cuts(), "neighbour_down"),
    "a cut answer": (cuts(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[{"te'), "neighbour_down"),
    "no HTTP": (cuts(b"SSH-2.0-OpenSSH\r\n"), "neighbour_down"),
}


def reply_of(gateway: Gateway, text: str) -> ChatReply:
    response = gateway.ask(text)
    assert response.status_code == 200
    return ChatReply.model_validate(response.json())


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_of_rasa_becomes_a_sentence_an_id_and_a_counter(
    gateway: Gateway, question: str, failure: str
) -> None:
    gateway.rasa.moods[question], status = FAILURES[failure]
    before, began = gateway.counted("frontdesk_turns_total", status=status), time.monotonic()
    reply = reply_of(gateway, question)
    assert time.monotonic() - began < TURN_SECONDS + 0.8
    assert (reply.status, reply.evidence) == (status, None)
    assert reply.turn_id in reply.text and reply.text.endswith(".")
    assert gateway.counted("frontdesk_turns_total", status=status) == before + 1


@pytest.mark.parametrize("failure", ["no messages", "silence", "a cut connection"])
def test_a_failed_turn_is_stored_with_its_status(gateway: Gateway, question: str, failure: str) -> None:
    gateway.rasa.moods[question], status = FAILURES[failure]
    reply = reply_of(gateway, question)
    row = gateway.stored(reply.turn_id)
    assert row is not None
    assert (row.status, row.question, row.text) == (status, question, reply.text)


def test_a_good_answer_is_counted_once_and_timed(gateway: Gateway, question: str) -> None:
    gateway.rasa.moods[question] = says("Choose Versions.", custom={"evidence": EVIDENCE})
    before = gateway.counted("frontdesk_turns_total", status="answered", decision="curated")
    timed = gateway.counted("assistant_latency_seconds_count")
    reply = reply_of(gateway, question)
    assert (reply.text, reply.status, reply.total_ms > 0) == ("Choose Versions.", "answered", True)
    assert gateway.counted("frontdesk_turns_total", status="answered", decision="curated") == before + 1
    assert gateway.counted("assistant_latency_seconds_count") == timed + 1


def test_evidence_of_the_action_reaches_the_browser(gateway: Gateway, question: str) -> None:
    gateway.rasa.moods[question] = says("Choose Versions.", custom={"evidence": EVIDENCE})
    evidence = reply_of(gateway, question).evidence
    assert evidence is not None
    assert (evidence.decision, evidence.sources[0].id, evidence.timings_ms) == ("curated", "faq:1", {"retrieve": 3.5})


def test_several_messages_become_one_reply_in_order(gateway: Gateway, question: str) -> None:
    gateway.rasa.moods[question] = says("First.", " ", "Second. ")
    assert reply_of(gateway, question).text == "First.\n\nSecond."


def test_buttons_and_unknown_fields_do_no_harm(gateway: Gateway, question: str) -> None:
    message: dict[str, Any] = {"text": "Sure?", "buttons": [{"title": "Yes", "payload": "/affirm"}], "colour": "red"}
    gateway.rasa.moods[question] = gives([message])
    reply = reply_of(gateway, question)
    assert (reply.text, [button.title for button in reply.buttons]) == ("Sure?", ["Yes"])
    assert "/affirm" not in reply.buttons[0].token


def test_a_failure_that_an_action_told_keeps_its_words_and_status(gateway: Gateway, question: str) -> None:
    gateway.rasa.moods[question] = says("Please try again in a minute.", custom={"status": "deadline_passed"})
    before = gateway.counted("frontdesk_turns_total", status="deadline_passed")
    reply = reply_of(gateway, question)
    assert (reply.text, reply.status) == ("Please try again in a minute.", "deadline_passed")
    assert gateway.counted("frontdesk_turns_total", status="deadline_passed") == before + 1


def test_rasa_learns_the_turn_its_deadline_and_its_audience(gateway: Gateway, question: str) -> None:
    before = time.time()
    reply = reply_of(gateway, question)
    (heard,) = gateway.rasa.heard_text(question)
    assert (heard["metadata"]["turn_id"], heard["metadata"]["audience"]) == (reply.turn_id, "public")
    assert before < heard["metadata"]["deadline_at"] < before + TURN_SECONDS + 0.5


def test_the_gateway_recovers_when_rasa_does(gateway: Gateway, question: str) -> None:
    with gateway.browser() as browser:
        gateway.rasa.moods[question] = cuts()
        failed = browser.post("/chat/v1/messages", json={"text": question}).json()
        gateway.rasa.moods[question] = says("Back again.")
        recovered = browser.post("/chat/v1/messages", json={"text": question}).json()
    assert (failed["status"], recovered["status"]) == ("neighbour_down", "answered")
    assert failed["turn_id"] != recovered["turn_id"]
