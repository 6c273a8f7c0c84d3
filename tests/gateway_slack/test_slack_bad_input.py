"""What no well-meaning Slack would send, and what well-meaning people do: nothing breaks, nothing is lost."""

from typing import Any

import pytest

from tests.gateway_slack.conftest import Chat, StartChat, answers

LONG = 40_000
SENTENCE = "My backup stops at night and I don't know why. "


@pytest.mark.parametrize("letter", ["a", "ü", "文", "🙂"])
def test_forty_thousand_characters_are_refused_with_a_sentence(chat: Chat, letter: str) -> None:
    ann = chat.person()
    sent = chat.slack.say(ann, chat.slack.im(ann), letter * LONG).wait()
    assert [attempt.status for attempt in sent.deliveries[0].attempts] == [200]
    assert "longer than 4000 characters" in chat.slack.wait_for(lambda: chat.told(ann))[0]


def test_a_press_on_a_message_of_forty_thousand_characters_is_heard(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.rasa_does(question, answers(SENTENCE * 800, question, buttons=("Windows", "Mac")))
    answer = chat.asks(ann, chat.slack.im(ann), question)
    chat.slack.click(ann, answer, "choose_0").wait()
    chat.settle()
    assert len(chat.heard("/chosen{'Windows'}")) == 1


def event_of(chat: Chat, **changes: Any) -> dict[str, Any]:
    ann = chat.person()
    event = {
        "type": "message", "channel_type": "im", "channel": chat.slack.im(ann).id, "user": ann.id, "text": "hello you",
        "ts": chat.slack.workspace.clock.ts(),
    }  # fmt: skip
    return {name: value for name, value in {**event, **changes}.items() if value is not ...}


BROKEN: list[dict[str, Any]] = [
    {"user": ...}, {"ts": ...}, {"channel": ...}, {"text": ...}, {"text": None}, {"user": None}, {"ts": None},
    {"channel": None}, {"channel_type": ...}, {"channel_type": None}, {"ts": "soon"}, {"thread_ts": "soon"},
    {"subtype": "message_changed"}, {"subtype": "message_changed", "message": None}, {"subtype": "message_deleted"},
    {"subtype": "of_another_year"}, {"type": "of_another_year"}, {"type": "app_mention"}, {"blocks": None},
    {"files": None}, {"files": [None]}, {"text": "\x00"}, {"text": "\ud800"}, {"text": ["a", "list"]}, {"text": 7},
    {"channel": {"id": "C1"}}, {"user": "U0NOBODY"}, {"edited": {"ts": "x"}}, {"bot_profile": {}},
]  # fmt: skip


@pytest.mark.parametrize("changes", BROKEN, ids=str)
def test_an_event_that_is_broken_is_acknowledged_and_the_next_is_answered(
    chat: Chat, question: str, changes: dict[str, Any]
) -> None:
    sent = chat.slack.emit(event_of(chat, **changes)).wait()
    assert [attempt.status for attempt in sent.deliveries[0].attempts] == [200]
    ann = chat.person()
    chat.asks(ann, chat.slack.im(ann), question)


KINDS = ("app_uninstalled", "tokens_revoked", "channel_deleted", "channel_archive", "app_home_opened", "message",
         "assistant_thread_started", "channel_shared")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_without_its_fields_is_acknowledged(chat: Chat, kind: str) -> None:
    sent = chat.slack.emit({"type": kind}).wait()
    assert [attempt.status for attempt in sent.deliveries[0].attempts] == [200]


@pytest.mark.parametrize("action", ["choose_0", "choose", "open_form", "rate_up", "rate_down", "ask_person", "of_old"])
@pytest.mark.parametrize("value", ["", "t-gone", "t-gone:0", "::", "t-gone:x", "\u2028", "x" * 1_900])
def test_a_button_of_an_older_release_is_told_so(chat: Chat, question: str, action: str, value: str) -> None:
    ann = chat.person()
    answer = chat.asks(ann, chat.slack.im(ann), question)
    button = {"type": "button", "text": {"type": "plain_text", "text": "Old"}, "action_id": action, "value": value}
    answer["blocks"] = [{"type": "actions", "block_id": "b1", "elements": [button]}]
    sent = chat.slack.click(ann, answer, action).wait()
    assert [attempt.status for attempt in sent.deliveries[0].attempts] == [200]
    chat.settle()


@pytest.mark.parametrize("callback", ["form", "reason", "review_correction", "review_message", "gap_answer", "of_old"])
@pytest.mark.parametrize("private", ["", "x", "a b", "slack-T-D-direct t-gone", "999999"])
def test_a_window_of_an_older_release_is_told_so(
    start_chat: StartChat, chat: Chat, question: str, callback: str, private: str
) -> None:
    ann = chat.person()
    answer = chat.asks(ann, chat.slack.im(ann), question)
    view: dict[str, Any] = {
        "id": "V0OLD", "type": "modal", "callback_id": callback, "private_metadata": private, "hash": "1.1",
        "title": {"type": "plain_text", "text": "Old"}, "notify_on_close": False, "clear_on_close": False,
        "_user": ann.id, "blocks": [
            {"type": "input", "block_id": "other", "label": {"type": "plain_text", "text": "x"},
             "element": {"type": "plain_text_input", "action_id": "other", "initial_value": "x"}},
        ],
    }  # fmt: skip
    assert answer
    sent = chat.slack.submit(ann, view).wait()
    assert [attempt.status for attempt in sent.deliveries[0].attempts] == [200]


def test_a_channel_that_is_deleted_meanwhile_costs_only_its_own_replies(chat: Chat, question: str) -> None:
    ann = chat.person()
    where = chat.channel(ann)
    chat.mentions(ann, where, question)
    chat.slack.delete_channel(where).wait()
    chat.slack.emit(event_of(chat, channel=where.id, channel_type="channel", text=chat.slack.mention(question))).wait()
    chat.asks(ann, chat.slack.im(ann), f"again: {question}")
    chat.settle()


def test_a_revoked_token_and_an_uninstalled_app_do_not_stop_the_gateway(start_chat: StartChat, question: str) -> None:
    chat = start_chat()
    ann = chat.person()
    chat.slack.revoke_tokens().wait()
    chat.slack.say(ann, chat.slack.im(ann), question)
    with chat.gateway.browser() as visitor:
        assert visitor.post("/chat/v1/messages", json={"text": question}).json()["status"] == "answered"
