"""Taking a conversation over: who hears whom, when the assistant is quiet, and what Rasa knows of it."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.gateway_review.conftest import Office, Open, running_office

Json = dict[str, Any]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """On both databases: a talk is one transaction after another on a row that two processes may want."""
    given: dict[str, str] = {}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE talk")
        given["DATABASE_URL"] = f"{server}/talk"
    with running_office(tmp_path_factory.mktemp("office"), {"risk_per_day": 10_000}, **given) as running:
        yield running


def taken_over(office: Office) -> tuple[str, Json]:
    question, card = office.new_card()
    office.press(office.mara, card, "review_take_over")
    return question, office.card_says(question, "Taken over")


def write(office: Office, card: Json, words: str) -> Json:
    view = office.opens(office.mara, office.desk(card), "review_write")
    sent = office.slack.submit(office.mara, view, {"text": words}).wait()
    return sent.answer


def ann_hears(office: Office, words: str) -> str:
    return office.slack.wait_for(lambda: next((text for text in office.said_to_ann() if words in text), None), 10)


def test_a_whole_talk_in_slack(office: Office) -> None:
    _, card = taken_over(office)
    ann_hears(office, "mara* is here")
    assert write(office, card, "Hello Ann, which plan are you on?") == {}
    assert ann_hears(office, "which plan are you on") == "*mara*: Hello Ann, which plan are you on?"
    office.thread_says(card, "mara* to the customer: Hello Ann")
    heard, words = len(office.rasa.heard), f"The team plan {uuid4().hex[:6]}, mail me at ann@firm.example"
    office.ask(words)
    said = office.thread_says(card, words[:20])
    assert said.startswith("*Customer*") and "ann@firm.example" not in said
    assert len(office.rasa.heard) == heard
    office.press(office.mara, office.desk(card), "review_hand_back")
    office.thread_says(card, "handed the conversation back")
    ann_hears(office, "I answer again")
    office.slack.wait_for(lambda: office.rasa.heard_text(words))


def test_what_operators_say_in_the_thread_never_reaches_the_customer(office: Office) -> None:
    _, card = taken_over(office)
    office.desk(card)
    before, heard = len(office.said_to_ann()), len(office.rasa.heard)
    secret = f"between us {uuid4().hex}"
    office.slack.say(office.mara, office.review, secret, thread=card["ts"]).wait()
    write(office, card, f"for the customer {secret[-6:]}")
    ann_hears(office, f"for the customer {secret[-6:]}")
    assert not [text for text in office.said_to_ann()[before:] if secret in text]
    assert len(office.rasa.heard) == heard
    office.press(office.mara, office.desk(card), "review_hand_back")
    office.thread_says(card, "handed the conversation back")


def test_rasa_is_paused_while_a_person_is_there(office: Office) -> None:
    begins = len(office.rasa.pauses)
    _, card = taken_over(office)
    office.slack.wait_for(lambda: [paused for _, paused in office.rasa.pauses[begins:]] == [True])
    office.press(office.mara, office.desk(card), "review_hand_back")
    office.slack.wait_for(lambda: office.rasa.pauses[begins:][-1][1] is False)
    assert len({conversation for conversation, _ in office.rasa.pauses[begins:]}) == 1


def test_a_rasa_that_was_away_is_told_before_it_is_asked_again(office: Office) -> None:
    begins = len(office.rasa.pauses)
    _, card = taken_over(office)
    office.slack.wait_for(lambda: len(office.rasa.pauses) > begins)
    office.rasa.deaf = True
    office.press(office.mara, office.desk(card), "review_hand_back")
    office.thread_says(card, "handed the conversation back")
    office.rasa.deaf = False
    question = f"Back again {uuid4().hex[:6]}?"
    office.ask(question)
    office.slack.wait_for(lambda: office.rasa.heard_text(question))
    assert office.rasa.pauses[-1][1] is False


def test_the_assistant_answers_again_when_the_person_is_silent_for_too_long(open_office: Open) -> None:
    office = open_office(PERSON_MINUTES="0.02")
    _, card = taken_over(office)
    office.desk(card)
    question = f"Are you there? {uuid4().hex[:6]}"
    office.ask(question)
    office.thread_says(card, "has been waiting for *mara* for too long")
    office.slack.wait_for(lambda: office.rasa.heard_text(question), 10)
    assert write(office, card, "Sorry, I am back.") == {}
    ann_hears(office, "Sorry, I am back.")
    office.ask("Good that you are back")
    office.thread_says(card, "Good that you are back")


def test_undoing_a_take_over_lets_the_operator_out(office: Office) -> None:
    question, card = taken_over(office)
    office.press(office.mara, card, "review_undo")
    office.card_says(question, "Take over")
    office.thread_says(card, "handed the conversation back")


def test_a_card_whose_conversation_somebody_else_has_stays_open(office: Office) -> None:
    question, card = office.new_card()
    with office.operator() as operator:
        conversation = f"slack-{office.slack.workspace.team_id}-{office.slack.im(office.ann).id}-direct"
        operator.post(f"/conversations/{conversation}/join", json={"name": "Ida"}).raise_for_status()
        office.press(office.mara, card, "review_take_over")
        assert "Ida is in this conversation already" in office.is_told(office.mara, "Ida")
        assert "Taken over" not in office.shown(office.card(question))
        said = operator.post(f"/conversations/{conversation}/say", json={"text": "Ida here, without Slack."})
        said.raise_for_status()
        assert ann_hears(office, "Ida here") == "*Ida*: Ida here, without Slack."
        operator.post(f"/conversations/{conversation}/leave").raise_for_status()


def test_the_hand_back_button_pressed_twice_says_that_nobody_is_there(office: Office) -> None:
    _, card = taken_over(office)
    desk = office.desk(card)
    office.press(office.mara, desk, "review_hand_back")
    office.thread_says(card, "handed the conversation back")
    office.press(office.mara, desk, "review_hand_back")
    office.is_told(office.mara, "Nobody is in that conversation any more")


def test_a_wish_for_a_person_comes_as_a_card_whatever_the_day_has_left(open_office: Open) -> None:
    office = open_office({"risk_per_day": 0})
    wish = f"Let me talk to a person {uuid4().hex[:6]}"
    office.rasa_calls_somebody(wish)
    office.ask(wish)
    assert "asked for a person" in office.shown(office.card(wish))


def test_a_visitor_of_the_website_talks_to_an_operator_in_slack(office: Office) -> None:
    question = f"How do I frobnicate on the web {uuid4().hex[:6]}?"
    office.rasa_knows_nothing_of(question)
    headers = {"Prefer": "wait"}
    with httpx.Client(base_url=office.address, trust_env=False, timeout=20, headers=headers) as visitor:
        visitor.post("/chat/v1/session", json={}).raise_for_status()
        visitor.post("/chat/v1/messages", json={"text": question}).raise_for_status()
        card = office.card(question)
        office.press(office.mara, card, "review_take_over")
        office.card_says(question, "Taken over")
        assert write(office, card, "Hello on the web") == {}
        words = f"Hello Mara {uuid4().hex[:6]}"
        assert visitor.post("/chat/v1/messages", json={"text": words}).json()["status"] == "with_person"
        office.thread_says(card, words)
        history = visitor.get("/chat/v1/messages").json()["messages"]
        assert ("person", "Hello on the web") in [(one["author"], one["text"]) for one in history]
