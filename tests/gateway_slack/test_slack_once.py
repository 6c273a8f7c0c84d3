"""Whatever Slack repeats, mixes up or loses, a question is answered once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from contracts.database import open_engine
from tests.gateway.fake_rasa import gives, waits
from tests.gateway_slack.conftest import Chat, StartChat, answers, http_settings, running_chat

BACKLOG = 400


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


def test_without_a_database_slack_is_told_to_send_it_again(start_chat: StartChat, question: str) -> None:
    chat = start_chat(DATABASE_PATIENCE_SECONDS="0.1")
    chat.slack.workspace.timing.retry_scale = 0.02
    ann = chat.person()
    engine = open_engine(chat.gateway.database_url)
    with engine.connect() as connection:
        connection.execute(text("BEGIN EXCLUSIVE"))
        sent = chat.slack.say(ann, chat.slack.im(ann), question)
        chat.slack.wait_for(lambda: [a.status for d in chat.slack.deliveries for a in d.attempts if a.status == 503])
        connection.rollback()
    engine.dispose()
    sent.wait()
    chat.settle()
    assert len(chat.said(chat.slack.im(ann))) == 1


def test_a_backlog_is_answered_in_the_end_and_keeps_nobody_on_the_website_waiting(start_chat: StartChat) -> None:
    chat = start_chat(WAITING_IN_ALL="20", TURN_SECONDS="2")
    people = [chat.person() for _ in range(20)]
    slow = waits(0.02, gives([{"text": "Choose Versions."}]))
    for number in range(BACKLOG):
        chat.rasa_does(f"backlog {number}?", slow)
    with ThreadPoolExecutor(20) as pool:
        sent = list(
            pool.map(
                lambda n: chat.slack.say(people[n % 20], chat.slack.im(people[n % 20]), f"backlog {n}?"), range(BACKLOG)
            )
        )
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
