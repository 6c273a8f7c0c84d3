"""Staff may see internal passages where only staff reads along; everybody else sees public ones."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.slack import Channel, FakeSlack, broken_json
from tests.gateway.conftest import migrated
from tests.gateway.fake_rasa import FakeRasa, gives
from tests.gateway_slack.conftest import (
    Chat,
    StartChat,
    answers,
    http_settings,
    installed_slack,
    modal_of,
    running_chat,
)

STAFF_ROOM = "C0STAFFROOM"
OUTSIDERS: dict[str, dict[str, Any]] = {
    "a guest": {"is_restricted": True},
    "a guest of one channel": {"is_ultra_restricted": True},
    "somebody of another company": {"is_stranger": True},
    "somebody of another workspace": {"team_id": "T0OTHER"},
    "somebody who has left": {"deleted": True},
}


def room(slack: FakeSlack, private: bool = True, shared: bool = False) -> dict[str, str]:
    slack.add_channel("staff", private=private, shared=shared, id=STAFF_ROOM)
    return {"SLACK_INTERNAL_CHANNELS": f"{STAFF_ROOM}, C0ANOTHER"}


@pytest.fixture(scope="module")
def staff_chat(tmp_path_factory: pytest.TempPathFactory, rasa: FakeRasa) -> Iterator[Chat]:
    with installed_slack() as slack:
        given = http_settings(slack, rasa, migrated(tmp_path_factory.mktemp("gateway"))) | room(slack)
        with running_chat(slack, rasa, **given) as running:
            yield running


def staff(chat: Chat) -> Channel:
    return chat.slack.channel(STAFF_ROOM)


def test_staff_in_direct_messages_is_internal(staff_chat: Chat, question: str) -> None:
    ann = staff_chat.person()
    staff_chat.asks(ann, staff_chat.slack.im(ann), question)
    assert staff_chat.audience(question) == "internal"


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_in_direct_messages_are_public(staff_chat: Chat, question: str, who: str) -> None:
    eve = staff_chat.person("eve", **OUTSIDERS[who])
    staff_chat.asks(eve, staff_chat.slack.im(eve), question)
    assert staff_chat.audience(question) == "public"


def test_a_channel_is_public_even_for_staff(staff_chat: Chat, question: str) -> None:
    ann = staff_chat.person()
    staff_chat.mentions(ann, staff_chat.channel(ann, private=True), question)
    assert staff_chat.audience(question) == "public"


def test_staff_in_a_staff_channel_is_internal(staff_chat: Chat, question: str) -> None:
    staff_chat.mentions(staff_chat.person(), staff(staff_chat), question)
    assert staff_chat.audience(question) == "internal"


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_in_a_staff_channel_are_public(staff_chat: Chat, question: str, who: str) -> None:
    staff_chat.mentions(staff_chat.person("eve", **OUTSIDERS[who]), staff(staff_chat), question)
    assert staff_chat.audience(question) == "public"


def test_a_press_has_the_audience_of_who_pressed(staff_chat: Chat, question: str) -> None:
    offered = [{"title": title, "payload": f"/{title} {question}"} for title in ("yes", "no")]
    staff_chat.rasa_does(question, gives([{"text": "Sure?", "buttons": offered}]))
    ann, eve = staff_chat.person(), staff_chat.person("eve", is_restricted=True)
    reply = staff_chat.mentions(ann, staff(staff_chat), question)
    staff_chat.slack.click(ann, reply, "choose_0").wait()
    staff_chat.slack.click(eve, reply, "choose_1").wait()
    staff_chat.settle()
    assert staff_chat.audience(f"/yes {question}") == "internal"
    assert staff_chat.audience(f"/no {question}") == "public"


def test_a_form_and_a_wish_have_the_audience_of_who_sends_them(staff_chat: Chat, question: str) -> None:
    field = {"name": "email", "label": "E-mail", "kind": "email"}
    form = {"name": "f", "title": "Ticket", "submit": "Send", "intent": "inform", "fields": [field]}
    staff_chat.rasa_does(question, answers("Which address?", form=form))
    ann = staff_chat.person()
    reply = staff_chat.mentions(ann, staff(staff_chat), question)
    window = modal_of(staff_chat, ann, lambda: staff_chat.slack.click(ann, reply, "open_form"))
    staff_chat.slack.submit(ann, window, {"email": f"{question[-12:]}@example.com"}).wait()
    staff_chat.slack.click(ann, reply, "ask_person").wait()
    staff_chat.settle()
    assert staff_chat.audience(f'/inform{{"email": "{question[-12:]}@example.com"}}') == "internal"
    assert staff_chat.heard("/talk_to_person")[-1]["metadata"]["audience"] == "internal"


def test_words_of_a_guest_are_not_answered_together_with_those_of_staff(staff_chat: Chat, question: str) -> None:
    ann, eve = staff_chat.person(), staff_chat.person("eve", is_restricted=True)
    root = staff_chat.mentions(ann, staff(staff_chat), question)["thread_ts"]
    staff_chat.slack.say(ann, staff(staff_chat), "just wondering", root).wait()
    staff_chat.slack.say(eve, staff(staff_chat), "me too", root).wait()
    staff_chat.settle()
    assert staff_chat.audience("just wondering") == "internal" and staff_chat.audience("me too") == "public"


@pytest.mark.parametrize("state", [{"private": False}, {"shared": True}], ids=["public", "shared"])
def test_a_staff_channel_that_is_open_to_others_is_public(
    start_chat: StartChat, question: str, state: dict[str, bool]
) -> None:
    chat = start_chat(lambda slack: room(slack, **state))
    chat.mentions(chat.person(), staff(chat), question)
    assert chat.audience(question) == "public"


def test_a_staff_channel_that_becomes_shared_is_public_at_once(start_chat: StartChat, question: str) -> None:
    chat = start_chat(room)
    ann, later, last = chat.person(), f"{question} now", f"{question} again"
    root = chat.mentions(ann, staff(chat), question)["thread_ts"]
    chat.slack.share(staff(chat)).wait()
    chat.asks(ann, staff(chat), later, root)
    chat.slack.unshare(staff(chat)).wait()
    chat.asks(ann, staff(chat), last, root)
    assert [chat.audience(text) for text in (question, later, last)] == ["internal", "public", "internal"]


def test_a_staff_channel_that_becomes_public_is_public_at_once(start_chat: StartChat, question: str) -> None:
    chat = start_chat(room)
    ann, later = chat.person(), f"{question} now"
    root = chat.mentions(ann, staff(chat), question)["thread_ts"]
    staff(chat).kind = "channel"
    told = {"type": "message", "subtype": "channel_convert_to_public", "channel": STAFF_ROOM, "user": ann.id,
            "channel_type": "channel", "ts": chat.slack.clock.ts(), "text": "made this channel public"}  # fmt: skip
    chat.slack.emit(told).wait()
    chat.asks(ann, staff(chat), later, root)
    assert [chat.audience(text) for text in (question, later)] == ["internal", "public"]


@pytest.mark.parametrize("fault", ["missing_scope", 503, broken_json()], ids=str)
def test_who_can_not_be_looked_up_is_public(start_chat: StartChat, question: str, fault: Any) -> None:
    chat = start_chat()
    chat.slack.fail("users.info", times=None, with_=fault)
    ann = chat.person()
    chat.asks(ann, chat.slack.im(ann), question)
    assert chat.audience(question) == "public"
