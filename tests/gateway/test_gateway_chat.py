"""Messages and events: idempotency keys, bursts, order, history, streams, ratings, quick replies, forms."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from gateway import phrases
from tests.gateway.chat import Customer
from tests.gateway.conftest import Gateway
from tests.gateway.fake_rasa import gives, says, waits
from tests.gateway.test_gateway_moods import EVIDENCE

Start = Callable[..., Gateway]
BURST_SECONDS = 0.7


@pytest.fixture
def customer(gateway: Gateway) -> Iterator[Customer]:
    with Customer(gateway.address) as one:
        yield one


# --- taking in


def test_a_message_is_taken_in_at_once_and_answered_over_the_events(
    gateway: Gateway, customer: Customer, question: str
) -> None:
    gateway.rasa.moods[question] = waits(0.4, says("Choose Versions.", custom={"evidence": EVIDENCE}))
    with customer.listen() as events:
        began = time.monotonic()
        taken = customer.post(question)
        assert taken.status_code == 202 and time.monotonic() - began < 0.3
        reply = events.wait_for("reply")
    assert events.kinds() == ["received", "thinking", "reply"]
    assert reply.data["text"] == "Choose Versions." and reply.data["decision"] == "curated"
    assert set(reply.data["sources"][0]) == {"title", "url", "updated_at"}
    assert events.seen[0].data["id"] == taken.json()["id"] == events.seen[0].id


def test_the_same_key_is_asked_once_and_answered_alike(gateway: Gateway, customer: Customer, question: str) -> None:
    key = uuid4().hex
    first, again = customer.ask(question, key=key), customer.ask(question, key=key)
    assert (first["turn_id"], first["text"]) == (again["turn_id"], again["text"])
    assert len(gateway.rasa.heard_text(question)) == 1
    assert len(customer.history()) == 2


def test_the_same_key_at_the_same_moment_is_asked_once(gateway: Gateway, customer: Customer, question: str) -> None:
    key = uuid4().hex
    gateway.rasa.moods[question] = waits(0.2, says("Here."))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: customer.ask(question, key=key), range(8)))
    assert len({reply["turn_id"] for reply in replies}) == 1
    assert len(gateway.rasa.heard_text(question)) == 1


def test_two_customers_may_choose_the_same_key(gateway: Gateway, question: str) -> None:
    key = uuid4().hex
    with Customer(gateway.address) as one, Customer(gateway.address) as other:
        assert one.ask(question, key=key)["turn_id"] != other.ask(question, key=key)["turn_id"]


# --- bursts


def test_a_burst_of_short_messages_is_answered_once(gateway: Gateway, customer: Customer) -> None:
    with customer.listen() as events:
        for text in ("hi", "my backup", "is stuck"):
            customer.post(text)
            time.sleep(0.1)
        events.wait_for("reply")
        time.sleep(1.0)
    assert events.kinds().count("reply") == 1
    assert gateway.rasa.heard[-1]["message"] == "hi my backup is stuck"


def test_a_burst_ends_with_the_first_message_that_is_whole(gateway: Gateway, customer: Customer, question: str) -> None:
    began = time.monotonic()
    customer.post("hello")
    reply = customer.ask(f"{question}?")
    assert time.monotonic() - began < BURST_SECONDS
    assert reply["status"] == "answered"
    assert gateway.rasa.heard[-1]["message"] == f"hello {question}?"


def test_everybody_who_waits_for_a_burst_gets_its_one_reply(customer: Customer) -> None:
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(customer.ask, ["good day", "my phone", "is slow"]))
    assert len({reply["turn_id"] for reply in replies}) == 1


def test_a_whole_question_waits_for_nothing(customer: Customer, question: str) -> None:
    assert customer.ask(question)["total_ms"] < BURST_SECONDS * 1000 / 2


@pytest.mark.parametrize("text", ["why?", "ann@mail.example.com", "T-000123", "stop."])
def test_a_word_with_an_end_a_number_or_an_address_waits_for_nothing(customer: Customer, text: str) -> None:
    assert customer.ask(text)["total_ms"] < BURST_SECONDS * 1000 / 2


def test_whole_questions_are_answered_one_by_one_in_their_order(
    gateway: Gateway, customer: Customer, question: str
) -> None:
    texts = [f"{question} number {i}?" for i in range(5)]
    gateway.rasa.moods[texts[0]] = waits(0.2, says("First."))
    with customer.listen() as events:
        for text in texts:
            customer.post(text)
        events.wait_for("reply", count=5)
    assert [body["message"] for body in gateway.rasa.heard if body["message"] in texts] == texts


# --- events and history


def test_what_was_missed_comes_first(customer: Customer, question: str) -> None:
    customer.ask(question)
    seen = customer.history()[0]["id"]
    customer.ask(f"{question} again")
    with customer.listen(after=seen) as events:
        events.wait_for("reply", count=2)
    assert events.kinds() == ["reply", "received", "reply"]
    assert [one.id for one in events.seen] == sorted(one.id or 0 for one in events.seen)


def test_a_second_tab_sees_what_the_first_one_says(gateway: Gateway, customer: Customer, question: str) -> None:
    with Customer(gateway.address, customer.token) as tab, tab.listen() as events:
        customer.post(question)
        assert events.wait_for("received").data["text"] == question
        events.wait_for("reply")


def test_nobody_hears_another_conversation(gateway: Gateway, customer: Customer, question: str) -> None:
    with Customer(gateway.address) as stranger, stranger.listen() as events:
        customer.ask(question)
        time.sleep(0.2)
        assert events.seen == []
        assert stranger.history() == []


def test_a_failed_turn_is_an_error_event_with_a_sentence_and_its_turn(
    gateway: Gateway, customer: Customer, question: str
) -> None:
    gateway.rasa.moods[question] = gives([])
    with customer.listen() as events:
        customer.post(question)
        error = events.wait_for("error").data
    assert error["status"] == "neighbour_lied"
    assert error["turn_id"] in error["text"]
    assert customer.history()[-1]["status"] == "neighbour_lied"


def test_the_stream_ends_with_the_session(customer: Customer, question: str) -> None:
    customer.ask(question)
    with customer.listen() as events:
        customer.http.delete("/session").raise_for_status()
        assert events.ended.wait(5)


def test_too_many_streams_of_one_conversation_are_refused(start_gateway: Start) -> None:
    gateway = start_gateway(STREAMS_PER_CONVERSATION="2")
    with Customer(gateway.address) as one, one.listen(), one.listen():
        refused = one.http.get("/events")
        assert (refused.status_code, refused.json()["message"]) == (429, phrases.TOO_MANY_STREAMS)
        assert refused.headers["Retry-After"]


def test_too_many_streams_in_all_are_refused_and_closed_ones_make_room(start_gateway: Start) -> None:
    gateway = start_gateway(STREAMS_IN_ALL="1")
    with Customer(gateway.address) as one, Customer(gateway.address) as other:
        with one.listen():
            assert other.http.get("/events").status_code == 503
        time.sleep(0.3)
        with other.listen():
            pass


def test_the_history_goes_back_page_by_page(customer: Customer, question: str) -> None:
    for number in range(4):
        customer.ask(f"{question} {number}")
    last = customer.history(limit=3)
    before = customer.history(limit=3, before=last[0]["id"])
    ids = [message["id"] for message in before + last]
    assert ids == sorted(ids) and len(ids) == 6
    assert customer.http.get("/messages", params={"limit": 3}).json()["more"] is True


def test_the_history_keeps_no_personal_data(gateway: Gateway, customer: Customer, question: str) -> None:
    asked = f"{question} for ann.lee@mail.example.com"
    gateway.rasa.moods[asked] = says("I'll write to ann.lee@mail.example.com.")
    customer.ask(asked)
    assert "ann.lee" not in str(customer.history())
    assert customer.history()[0]["text"] == f"{question} for <email>"


# --- ratings


def test_a_rating_can_be_given_changed_and_taken_back(customer: Customer, question: str) -> None:
    turn = customer.ask(question)["turn_id"]
    for body in ({"value": "up"}, {"value": "down", "reason": "outdated", "comment": "that was last year"}):
        assert customer.http.put(f"/turns/{turn}/rating", json=body).status_code == 204
        assert customer.history()[-1]["rating"] == body["value"]
    assert customer.http.delete(f"/turns/{turn}/rating").status_code == 204
    assert customer.history()[-1]["rating"] is None


def test_another_tab_sees_the_rating(gateway: Gateway, customer: Customer, question: str) -> None:
    turn = customer.ask(question)["turn_id"]
    with Customer(gateway.address, customer.token) as tab, tab.listen() as events:
        customer.http.put(f"/turns/{turn}/rating", json={"value": "up"})
        assert events.wait_for("rated").data == {"turn_id": turn, "rating": "up"}


@pytest.mark.parametrize(
    "body", [{}, {"value": "so-so"}, {"value": "up", "reason": "nice"}, {"value": "up", "by": "me"}]
)
def test_a_rating_that_is_none_is_refused(customer: Customer, question: str, body: dict[str, str]) -> None:
    turn = customer.ask(question)["turn_id"]
    assert customer.http.put(f"/turns/{turn}/rating", json=body).status_code == 422


# --- quick replies and forms

BUTTONS = [{"text": "Shall I?", "buttons": [{"title": "Yes please", "payload": "/affirm"}, {"title": "No"}]}]
FORM = {
    "name": "ticket_form", "title": "Open a ticket", "submit": "Send", "intent": "inform", "asked": "email",
    "fields": [
        {"name": "email", "label": "E-mail", "kind": "email", "value": "ann@mail.example.com"},
        {"name": "severity", "label": "How bad?", "kind": "choice", "options": [{"value": "low", "label": "Low"}]},
    ],
}  # fmt: skip


def test_a_quick_reply_reaches_the_dialogue_as_what_it_stands_for(
    gateway: Gateway, customer: Customer, question: str
) -> None:
    gateway.rasa.moods[question] = gives(BUTTONS)
    buttons = customer.ask(question)["buttons"]
    customer.ask(buttons[0]["title"], button=buttons[0]["token"])
    assert gateway.rasa.heard[-1]["message"] == "/affirm"
    assert customer.history()[-2]["text"] == "Yes please"


def test_a_quick_reply_works_once_and_then_is_text(gateway: Gateway, customer: Customer, question: str) -> None:
    gateway.rasa.moods[question] = gives(BUTTONS)
    button = customer.ask(question)["buttons"][0]
    customer.ask("Yes please", button=button["token"])
    assert customer.ask("Yes please", button=button["token"])["status"] == "answered"
    assert gateway.rasa.heard[-1]["message"] == "Yes please"


def test_a_quick_reply_of_somebody_else_is_text(gateway: Gateway, customer: Customer, question: str) -> None:
    gateway.rasa.moods[question] = gives(BUTTONS)
    button = customer.ask(question)["buttons"][0]
    with Customer(gateway.address) as stranger:
        stranger.ask("Yes please", button=button["token"])
    assert gateway.rasa.heard[-1]["message"] == "Yes please"


def form_of(gateway: Gateway, customer: Customer, question: str) -> dict[str, object]:
    gateway.rasa.moods[question] = gives([{"text": "Which address?"}, {"custom": {"form": FORM}}])
    with customer.listen() as events:
        customer.post(question)
        form: dict[str, object] = events.wait_for("reply").data["form"]
    return form


def test_a_form_comes_with_a_token_and_without_what_it_stands_for(
    gateway: Gateway, customer: Customer, question: str
) -> None:
    form = form_of(gateway, customer, question)
    assert form["token"] and "intent" not in form
    assert customer.history()[-1]["form"]["fields"][0]["value"] is None  # typed values are not kept


NASTY = 'it says "no {space}" @ C:\\temp\n/restart{"a": 1} 100%'


def test_a_filled_in_form_reaches_the_dialogue_as_one_message(
    gateway: Gateway, customer: Customer, question: str
) -> None:
    form = form_of(gateway, customer, question)
    customer.ask(form={"token": form["token"], "values": {"email": "ann@mail.example.com", "severity": NASTY}})
    heard = gateway.rasa.heard[-1]["message"]
    assert heard.startswith("/inform{") and "\n" not in heard
    assert httpx.Response(200, text=heard.removeprefix("/inform")).json()["severity"] == NASTY


def test_a_form_works_once(gateway: Gateway, customer: Customer, question: str) -> None:
    form = {"token": form_of(gateway, customer, question)["token"], "values": {"severity": "low"}}
    customer.ask(form=form)
    again = customer.post(form=form)
    assert (again.status_code, again.json()["code"]) == (409, "used")


def test_a_form_that_did_not_arrive_can_be_sent_again(gateway: Gateway, customer: Customer, question: str) -> None:
    form = {"token": form_of(gateway, customer, question)["token"], "values": {"severity": "low"}}
    key = uuid4().hex
    assert customer.ask(form=form, key=key)["turn_id"] == customer.ask(form=form, key=key)["turn_id"]


@pytest.mark.parametrize("values", [{"severity": " "}, {"number": "7"}, {"severity": "x" * 5_000}])
def test_a_form_with_wrong_values_is_refused_in_a_sentence(
    gateway: Gateway, customer: Customer, question: str, values: dict[str, str]
) -> None:
    form = {"token": form_of(gateway, customer, question)["token"], "values": values}
    refused = customer.post(form=form)
    assert refused.status_code in (413, 422) and refused.json()["message"]


def test_a_form_of_somebody_else_is_refused(gateway: Gateway, customer: Customer, question: str) -> None:
    form = {"token": form_of(gateway, customer, question)["token"], "values": {"severity": "low"}}
    with Customer(gateway.address) as stranger:
        assert stranger.post(form=form).status_code == 422


def test_errors_of_fields_come_with_the_form(gateway: Gateway, customer: Customer, question: str) -> None:
    wrong = {"form_errors": {"email": "That is no address."}}
    gateway.rasa.moods[question] = gives([{"text": "Hm."}, {"custom": wrong}, {"custom": {"form": FORM}}])
    with customer.listen() as events:
        customer.post(question)
        fields = events.wait_for("reply").data["form"]["fields"]
    assert [field["error"] for field in fields] == ["That is no address.", None]


def test_a_form_whose_turn_failed_comes_again_and_can_be_sent_again(
    gateway: Gateway, customer: Customer, question: str
) -> None:
    form = form_of(gateway, customer, question)
    values = {"email": "ann@mail.example.com", "severity": "low"}
    said = '/inform{"email": "ann@mail.example.com", "severity": "low"}'
    gateway.rasa.moods[said] = gives([])
    with customer.listen() as events:
        customer.post(form={"token": form["token"], "values": values})
        failed = events.wait_for("error").data
    assert failed["status"] == "neighbour_lied"
    assert [field["name"] for field in failed["form"]["fields"]] == ["email", "severity"]
    del gateway.rasa.moods[said]
    assert customer.ask(form={"token": failed["form"]["token"], "values": values})["status"] == "answered"


@pytest.mark.parametrize(
    ("written", "shown", "heard"),
    [
        ("first line\nsecond line", "first line\nsecond line", "first line second line"),
        ("thanks 👨\u200d👩\u200d👧 bye", "thanks 👨\u200d👩\u200d👧 bye", "thanks 👨 👩 👧 bye"),
        ("a \u202egnp.exe", "a gnp.exe", "a gnp.exe"),
        ("one\n\n\n\n\ntwo", "one\n\ntwo", "one two"),
    ],
)
def test_a_message_is_shown_as_it_was_written(
    gateway: Gateway, customer: Customer, written: str, shown: str, heard: str
) -> None:
    customer.ask(written)
    assert gateway.rasa.heard[-1]["message"] == heard
    assert customer.history()[-2]["text"] == shown


def test_an_emoji_that_is_newer_than_this_python_is_no_empty_message(customer: Customer) -> None:
    reply = customer.ask("\U0001fae9\U0001fadc")
    assert reply["status"] == "answered" and "only read words" in reply["text"]
