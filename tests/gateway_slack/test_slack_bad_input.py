"""What no well-meaning Slack would send, and what well-meaning people do: nothing breaks, nothing is lost."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from contracts.database import open_engine
from gateway import phrases
from gateway.slack.phrases import STALE
from knowledge.store.migrate import migrate
from tests.fakes.slack import Sent
from tests.gateway.conftest import migrated
from tests.gateway.fake_rasa import FakeRasa, gives
from tests.gateway_slack.conftest import Chat, StartChat, answers, http_settings, installed_slack, running_chat

LONG = 40_000
SENTENCE = "My backup stops at night and I don't know why. "


def assert_acknowledged(sent: Sent) -> None:
    """The first time, so that Slack neither repeats it nor counts a failure."""
    (delivery,) = sent.wait().deliveries
    assert [attempt.status for attempt in delivery.attempts] == [200]
    assert "Traceback" not in delivery.attempts[0].body


@pytest.mark.parametrize("letter", ["a", "ü", "文", "🙂"])
def test_forty_thousand_characters_are_refused_with_a_sentence(chat: Chat, letter: str) -> None:
    ann = chat.person()
    assert_acknowledged(chat.slack.say(ann, chat.slack.im(ann), letter * LONG))
    assert chat.slack.wait_for(lambda: chat.told(ann)) == [phrases.TOO_LONG]


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
    {"user": "U\ud800"}, {"channel": "D\x00"}, {"channel": "D-1-2"}, {"ts": "1.\ud800"}, {"channel": "D" * 500},
]  # fmt: skip


@pytest.mark.parametrize("changes", BROKEN, ids=repr)
def test_an_event_that_is_broken_is_acknowledged_and_the_next_is_answered(
    chat: Chat, question: str, changes: dict[str, Any]
) -> None:
    assert_acknowledged(chat.slack.emit(event_of(chat, **changes)))
    ann = chat.person()
    chat.asks(ann, chat.slack.im(ann), question)


def test_what_postgresql_cannot_store_is_acknowledged(start_chat: StartChat, question: str, postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    migrate(engine)
    engine.dispose()
    chat = start_chat(DATABASE_URL=postgres_url)
    for changes in BROKEN:
        assert_acknowledged(chat.slack.emit(event_of(chat, **changes)))
    ann = chat.person()
    chat.asks(ann, chat.slack.im(ann), question)


def test_a_reply_that_cannot_be_shown_does_not_keep_the_next_one_away(start_chat: StartChat, question: str) -> None:
    chat = start_chat()
    ann = chat.person()
    chat.rasa_does(question, gives([{"text": "\x00"}]))
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    chat.asks(ann, chat.slack.im(ann), f"again: {question}")


WRITTEN = (
    ":tada: :tada:", "🙂", "```\nrestore --all\n```", "how do I `restore` 🙂 a file?", "how\x00 do I restore?",
    "how \ud83d do I restore?", "<@U0NOBODY> <#C0NONE> <!here> &lt;b&gt;", "\u202eyletamitlu enod si ti",
)  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN, ids=ascii)
def test_whatever_people_write_gets_a_reply(chat: Chat, text: str) -> None:
    ann = chat.person()
    assert chat.slack.text_of(chat.asks(ann, chat.slack.im(ann), text))


@pytest.mark.parametrize("known", [True, False], ids=["without a name", "unknown to Slack"])
def test_somebody_without_a_name_gets_a_reply(chat: Chat, question: str, known: bool) -> None:
    nobody = chat.slack.add_user("")
    if not known:
        chat.slack.fail("users.info", with_="user_not_found")
    chat.asks(nobody, chat.slack.im(nobody), question)


def test_what_slack_refuses_us_does_not_make_us_look_broken(chat: Chat) -> None:
    """It stops its events for an app that fails with too many."""
    ann = chat.person()
    for show in (chat.slack.open_home, chat.slack.start_assistant_thread):
        chat.slack.fail("*", with_="missing_scope")
        assert_acknowledged(show(ann))


KINDS = ("app_uninstalled", "tokens_revoked", "channel_deleted", "channel_archive", "app_home_opened", "message",
         "assistant_thread_started", "channel_shared")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_without_its_fields_is_acknowledged(chat: Chat, kind: str) -> None:
    assert_acknowledged(chat.slack.emit({"type": kind}))


@pytest.mark.parametrize("action", ["choose_0", "choose", "open_form", "rate_up", "rate_down", "of_old"])
@pytest.mark.parametrize("value", ["", "t-gone", "t-gone:0", "::", "t-gone:x", "\u2028", "\x00", "x" * 1_900])
def test_a_button_of_an_older_release_is_told_so(chat: Chat, question: str, action: str, value: str) -> None:
    ann = chat.person()
    answer = chat.asks(ann, chat.slack.im(ann), question)
    answer["blocks"] = [{"type": "actions", "block_id": "b1", "elements": [old_button(action, value)]}]
    assert_acknowledged(chat.slack.click(ann, answer, action))
    chat.settle()
    assert chat.told(ann) == [STALE]


def test_ask_a_person_of_an_older_release_still_asks_one(chat: Chat, question: str) -> None:
    ann = chat.person()
    answer = chat.asks(ann, chat.slack.im(ann), question)
    answer["blocks"] = [{"type": "actions", "block_id": "b1", "elements": [old_button("ask_person", "t-gone")]}]
    assert_acknowledged(chat.slack.click(ann, answer, "ask_person"))
    chat.settle()
    assert len(chat.said(chat.slack.im(ann))) == 2


def old_button(action: str, value: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": "Old"}, "action_id": action, "value": value}


WINDOWS = ("form", "reason", "review_correction", "review_message", "gap_answer", "of_old")
OUR_FIELDS = ("answer", "question", "audience", "sources", "text", "reason", "comment")
PRIVATE = ("", "x", "a b", "slack-T-D-direct t-gone", "999999", "\x00", "slack-T-D-direct \ud800")


@pytest.fixture(scope="module")
def reviewing(rasa: FakeRasa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """A gateway with a review channel, which knows the windows of operators."""
    with installed_slack() as slack:
        channel = slack.add_channel("review", private=True).id
        given = http_settings(slack, rasa, migrated(tmp_path_factory.mktemp("gateway")))
        with running_chat(slack, rasa, **given, SLACK_REVIEW_CHANNEL=channel) as running:
            yield running


@pytest.mark.parametrize("callback", WINDOWS)
@pytest.mark.parametrize("private", PRIVATE, ids=ascii)
@pytest.mark.parametrize("fields", [("other",), OUR_FIELDS], ids=["other fields", "our fields"])
def test_a_window_of_an_older_release_is_told_so(
    reviewing: Chat, callback: str, private: str, fields: tuple[str, ...]
) -> None:
    ann = reviewing.person()
    view = {
        "id": f"V{uuid4().hex}", "type": "modal", "callback_id": callback, "private_metadata": private, "hash": "1.1",
        "title": {"type": "plain_text", "text": "Old"}, "notify_on_close": False, "clear_on_close": False,
        "_user": ann.id, "blocks": [
            {"type": "input", "block_id": field, "label": {"type": "plain_text", "text": "x"},
             "element": {"type": "plain_text_input", "action_id": field, "initial_value": "wrong"}}
            for field in fields
        ],
    }  # fmt: skip
    sent = reviewing.slack.submit(ann, view)
    assert_acknowledged(sent)
    assert sent.answer["response_action"] == "errors"


REVIEW_ACTIONS = ("review_approve", "review_reject", "review_needs_page", "review_undo", "review_correct", "gap_answer",
                  "gap_dismiss", "review_take_over", "review_read", "review_write", "review_hand_back")  # fmt: skip


@pytest.mark.parametrize("action", REVIEW_ACTIONS)
@pytest.mark.parametrize("value", ["", "x", "999999", "9" * 30])
def test_a_card_of_an_older_release_is_acknowledged(reviewing: Chat, question: str, action: str, value: str) -> None:
    ann = reviewing.person()
    review = next(one for one in reviewing.slack.workspace.channels.values() if one.name == "review")
    block = {"type": "actions", "block_id": "b1", "elements": [old_button(action, value)]}
    card = {"channel": review.id, "ts": "1.1", "blocks": [block]}
    assert_acknowledged(reviewing.slack.click(ann, card, action))


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
