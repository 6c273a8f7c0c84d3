"""Whatever Slack repeats, mixes up or loses, a question is answered once."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from contracts.database import open_engine
from gateway.conversations import Claim, Conversations, NewMessage
from tests.fakes.slack import Sent, slow
from tests.gateway.conftest import OPERATOR, SECRET, migrated
from tests.gateway.fake_rasa import FakeRasa, gives, waits
from tests.gateway_slack import doomed
from tests.gateway_slack.conftest import (
    MESSAGES,
    Chat,
    StartChat,
    answers,
    deliver_by_http,
    http_settings,
    installed_slack,
    running_chat,
)
from tests.town import free_ports

BACKLOG = 400
BURST = 1_000
FORM = {
    "name": "ticket_form", "title": "Open a ticket", "submit": "Open", "intent": "fill_ticket",
    "fields": [{"name": "summary", "label": "What is wrong?", "kind": "text"}],
}  # fmt: skip


def test_a_repeated_delivery_is_answered_once(chat: Chat, question: str) -> None:
    ann = chat.person()
    sent = chat.slack.say(ann, chat.slack.im(ann), question).wait()
    for number in (1, 2, 3):
        chat.slack.repeat(sent, retry_num=number).wait()
    chat.settle()
    assert len(chat.said(chat.slack.im(ann))) == len(chat.heard(question)) == 1


def test_the_same_message_under_another_event_id_is_answered_once(chat: Chat, question: str) -> None:
    ann = chat.person()
    sent = chat.slack.say(ann, chat.slack.im(ann), question).wait()
    chat.slack.emit(dict(sent.deliveries[0].event), event_id="Ev0ANOTHER").wait()
    chat.settle()
    assert len(chat.said(chat.slack.im(ann))) == len(chat.heard(question)) == 1


def test_repeats_while_the_first_is_still_being_answered_are_not_answered(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.rasa_does(question, waits(0.5, gives([{"text": "Choose Versions."}])))
    sent = chat.slack.say(ann, chat.slack.im(ann), question)
    repeats = [chat.slack.repeat(sent, retry_num=1) for _ in range(5)]
    for one in (sent, *repeats):
        one.wait()
    chat.settle()
    assert len(chat.said(chat.slack.im(ann))) == len(chat.heard(question)) == 1


def test_a_repeat_after_a_restart_is_answered_by_nobody(start_chat: StartChat, question: str) -> None:
    first = start_chat()
    ann = first.person()
    sent = first.slack.say(ann, first.slack.im(ann), question).wait()
    first.settle()
    given = http_settings(first.slack, first.rasa, first.gateway.database_url)
    with running_chat(first.slack, first.rasa, **given) as second:
        second.slack.repeat(sent, retry_num=3).wait()
        second.settle()
        assert len(second.said(second.slack.im(ann))) == 1


def test_a_reply_that_comes_before_the_question_of_its_thread_is_answered(chat: Chat, question: str) -> None:
    """The thread becomes ours by its first message, which Slack may deliver second."""
    ann = chat.person()
    where = chat.channel(ann)
    heard = chat.slack.say(ann, where, chat.slack.mention(f"another: {question}")).wait().deliveries[0].event
    chat.settle()
    first, second = chat.slack.workspace.clock.ts(), chat.slack.workspace.clock.ts()
    common = {name: value for name, value in heard.items() if name not in ("ts", "event_ts", "blocks", "client_msg_id")}
    reply = {**common, "type": "message", "text": f"and then {question}", "ts": second, "thread_ts": first}
    chat.slack.emit(reply).wait()
    chat.settle()
    assert chat.heard(f"and then {question}") == []
    chat.slack.emit({**common, "type": "message", "text": chat.slack.mention(question), "ts": first}).wait()
    chat.slack.wait_for(lambda: chat.heard(f"and then {question}"))
    assert len(chat.heard(f"and then {question}")) == 1


def test_both_events_of_a_mention_are_answered_once(chat: Chat, question: str) -> None:
    ann = chat.person()
    where = chat.channel(ann)
    sent = chat.slack.say(ann, where, chat.slack.mention(question)).wait()
    chat.settle()
    assert sorted(delivery.event["type"] for delivery in sent.deliveries) == ["app_mention", "message"]
    assert len(chat.said(where)) == len(chat.heard(question)) == 1


def test_it_is_stored_and_acknowledged_before_anybody_is_asked_what_to_say(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.rasa_does(question, waits(0.9, gives([{"text": "Choose Versions."}])))
    sent = chat.slack.say(ann, chat.slack.im(ann), question).wait()
    (stored,) = chat.rows(select(MESSAGES).where(MESSAGES.c.text == question))
    assert (stored.state, chat.said(chat.slack.im(ann))) == ("waiting", [])
    assert sent.deliveries[0].latency_ms < 500
    chat.settle()


@pytest.mark.parametrize("what", ["a message", "the home", "an assistant's thread", "a command", "a form"])
def test_slack_has_its_acknowledgement_within_three_seconds_when_it_is_slow_itself(
    chat: Chat, question: str, what: str
) -> None:
    ann = chat.person()
    where = chat.slack.im(ann)
    if what == "a form":
        chat.rasa_does(question, answers("Fill in the form.", question, form=FORM))
        answer = chat.asks(ann, where, question)
    do: Callable[[], Sent] = {
        "a message": lambda: chat.slack.say(ann, where, question),
        "the home": lambda: chat.slack.open_home(ann),
        "an assistant's thread": lambda: chat.slack.start_assistant_thread(ann),
        "a command": lambda: chat.slack.command(ann, where, "/frontdesk", question),
        "a form": lambda: chat.slack.click(ann, answer, "open_form"),
    }[what]
    chat.slack.fail("*", times=1, with_=slow(5))
    attempts = do().wait().deliveries[0].attempts
    assert all(attempt.ms < 3_000 for attempt in attempts)
    assert attempts[-1].status == 200
    chat.settle()


@contextmanager
def locked(chat: Chat) -> Iterator[None]:
    """Nobody else can read or write the database."""
    engine = open_engine(chat.gateway.database_url)
    with engine.connect() as connection:
        connection.execute(text("BEGIN EXCLUSIVE"))
        yield
        connection.rollback()
    engine.dispose()


def test_without_a_database_slack_is_told_to_send_it_again(start_chat: StartChat, question: str) -> None:
    chat = start_chat(DATABASE_PATIENCE_SECONDS="0.1")
    chat.slack.workspace.timing.retry_scale = 0.02
    ann = chat.person()
    with locked(chat):
        sent = chat.slack.say(ann, chat.slack.im(ann), question)
        chat.slack.wait_for(lambda: [a.status for d in chat.slack.deliveries for a in d.attempts if a.status == 503])
    sent.wait()
    chat.settle()
    assert len(chat.said(chat.slack.im(ann))) == 1


def test_a_reply_that_cannot_be_stored_is_sent_when_it_can(
    start_chat: StartChat, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.turns.STORE_AGAIN_SECONDS", (0.1, 0.2))
    chat = start_chat(DATABASE_PATIENCE_SECONDS="0.1")
    ann = chat.person()
    chat.rasa_does(question, waits(0.3, gives([{"text": "Choose Versions."}])))
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    with locked(chat):
        chat.slack.wait_for(lambda: chat.gateway.counted("frontdesk_not_stored_total", what="answer") >= 4)
    chat.settle()
    assert len(chat.said(chat.slack.im(ann))) == len(chat.heard(question)) == 1


def test_a_backlog_is_answered_in_the_end_and_keeps_nobody_on_the_website_waiting(start_chat: StartChat) -> None:
    chat = start_chat(WAITING_IN_ALL="20", TURN_SECONDS="2")
    people = [chat.person() for _ in range(20)]
    slow_answer = waits(0.02, gives([{"text": "Choose Versions."}]))
    for number in range(BACKLOG):
        chat.rasa_does(f"backlog {number}?", slow_answer)
    sent = [chat.slack.say(who, chat.slack.im(who), f"backlog {n}?") for n, who in zip(range(BACKLOG), cycle(people))]
    began = time.monotonic()
    with chat.gateway.browser() as visitor:
        assert visitor.post("/chat/v1/messages", json={"text": "How do I restore?"}).json()["status"] == "answered"
    assert time.monotonic() - began < 2
    for one in sent:
        one.wait()
    chat.settle(60)
    said = [text for who in people for text in chat.shown(chat.slack.im(who))]
    assert len(said) == BACKLOG
    assert {text.partition("\n")[0] for text in said} == {"Choose Versions."}


def test_all_of_many_questions_of_one_person_are_answered_in_order(start_chat: StartChat, question: str) -> None:
    chat = start_chat(WAITING_PER_CONVERSATION="3")
    ann = chat.person()
    for number in range(30):
        chat.rasa_does(f"{question} {number}", answers(f"Answer {number}.", question))
        chat.slack.say(ann, chat.slack.im(ann), f"{question} {number}").wait()
    chat.settle(20)
    assert chat.told(ann) == []
    said = [text.partition(".")[0] for text in chat.shown(chat.slack.im(ann))]
    assert said == [f"Answer {number}" for number in range(30)]


def test_a_turn_has_its_time_from_when_it_begins(start_chat: StartChat, question: str) -> None:
    chat = start_chat(TURN_SECONDS="0.8")
    ann = chat.person()
    for number in range(4):
        chat.rasa_does(f"{question} {number}", waits(0.4, answers(f"Answer {number}.", question)))
        chat.slack.say(ann, chat.slack.im(ann), f"{question} {number}")
    chat.settle(20)
    said = [text.partition(".")[0] for text in chat.shown(chat.slack.im(ann))]
    assert sorted(said) == [f"Answer {number}" for number in range(4)]


def test_a_thousand_questions_at_once_are_each_answered_once(rasa: FakeRasa, tmp_path: Path, question: str) -> None:
    (port,) = free_ports(1)
    with installed_slack() as slack:
        slack.subscribe("app_mention")  # one event for each
        given = http_settings(slack, rasa, migrated(tmp_path)) | {"SESSION_SECRET": SECRET, "OPERATOR_TOKEN": OPERATOR}
        gateway = doomed.start("", port, given)
        slack.wait_for(lambda: doomed.listens(port), 30)
        deliver_by_http(slack, f"http://127.0.0.1:{port}")
        ann = slack.add_user("ann")
        where = slack.add_channel("help", [ann])
        asked = [slack.say(ann, where, slack.mention(f"{question} {n}")) for n in range(BURST)]
        ends = time.monotonic() + 60
        while len(slack.calls("chat.postMessage")) < BURST and time.monotonic() < ends:
            time.sleep(0.2)
        chat = Chat(slack, rasa, "", given["DATABASE_URL"])
        chat.settle()
        chat.close()
        gateway.terminate()
        gateway.join(10)
        assert [len(slack.replies(where, one)) for one in asked] == [1] * BURST


def test_a_message_is_of_one_turn_whoever_else_finds_it(engine: Engine) -> None:
    """Two gateways on one database, one of them just started."""

    async def story() -> list[Claim]:
        kept = [await conversations.take_in(NewMessage("c", "slack", key, "my backup", {})) for key in ("1", "2")]
        return [
            await conversations.claim("c", [kept[0].id], "t-first"),
            await conversations.claim("c", [one.id for one in kept], "t-second"),
            await conversations.claim("c", [kept[0].id], "t-first"),
        ]

    conversations = Conversations(engine)
    claims = [sorted(claim.ids) for claim in asyncio.run(story())]
    assert claims == [[1], [2], [1]]


@pytest.mark.parametrize("rate", [0.2])
def test_duplicates_disorder_and_errors_together(start_chat: StartChat, rate: float) -> None:
    chat = start_chat()
    people = [chat.person() for _ in range(10)]
    chat.slack.disorder(duplicates=rate, out_of_order=0.1)
    chat.slack.trouble(0.05, seed=7)
    for number in range(150):
        question = f"trouble {number}?"
        chat.rasa_does(question, answers(f"Answer {number}.", question))
        chat.slack.say(people[number % 10], chat.slack.im(people[number % 10]), question)
    chat.settle(60)
    chat.slack.heal()
    said = [text.partition(".")[0] for who in people for text in chat.shown(chat.slack.im(who))]
    assert sorted(said) == sorted(f"Answer {number}" for number in range(150))
