"""What Slack doesn't take now is sent later, once, in order; what it never takes is given up and blocks nothing."""

import time
from typing import Any

import pytest
from sqlalchemy import select

from tests.fakes.slack import broken_json, cut_after, cut_before, html, http, retry_after, slow
from tests.gateway.conftest import migrated
from tests.gateway.fake_rasa import FakeRasa
from tests.gateway_slack.conftest import OUTBOX, Chat, StartChat, answers, http_settings, installed_slack, running_chat

POST = "chat.postMessage"
PASSING = [http(500), http(503), http(500, after=True), cut_before(), cut_after(), html(), broken_json(after=True),
           "internal_error", "fatal_error"]  # fmt: skip


def outbox(chat: Chat) -> list[Any]:
    return chat.rows(select(OUTBOX).order_by(OUTBOX.c.id))


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_passes_by_costs_time_and_no_second_reply(chat: Chat, question: str, fault: Any) -> None:
    ann = chat.person()
    where = chat.slack.im(ann)
    chat.slack.fail(POST, with_=fault)
    chat.slack.say(ann, where, question).wait()
    chat.settle(15)
    assert len(chat.said(where)) == 1


@pytest.mark.parametrize("fault", [http(500, after=True), cut_after()], ids=str)
def test_a_post_in_a_thread_whose_end_is_not_known_is_looked_for(chat: Chat, question: str, fault: Any) -> None:
    ann = chat.person()
    where = chat.channel(ann)
    chat.slack.fail(POST, with_=fault)
    chat.slack.say(ann, where, chat.slack.mention(question)).wait()
    chat.settle(15)
    assert len(chat.said(where)) == 1


def test_it_is_found_behind_more_than_one_page_of_what_others_wrote_since(start_chat: StartChat, question: str) -> None:
    chat = start_chat()
    ann = chat.person()
    where = chat.slack.im(ann)
    chat.slack.fail(POST, with_=cut_after())
    chat.slack.fail("conversations.history", times=2, with_=http(500))
    chat.slack.say(ann, where, question).wait()
    chat.slack.wait_for(lambda: len(chat.said(where)) == 1)
    chat.slack.deliver_to("http://127.0.0.1:9/")  # what follows isn't for the gateway
    for number in range(450):
        chat.slack.say(ann, where, f"note {number}")
    chat.slack.wait_for(lambda: not [row for row in outbox(chat) if row.state == "waiting"], 15)
    assert len(chat.said(where)) == 1


def test_retry_after_is_obeyed(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.slack.fail(POST, with_=retry_after(2))
    began = time.monotonic()
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    chat.settle(15)
    assert time.monotonic() - began >= 2
    assert len(chat.said(chat.slack.im(ann))) == 1


def test_a_thread_that_waits_keeps_its_order_and_nobody_elses(chat: Chat, question: str) -> None:
    ann, bob = chat.person(), chat.person("bob")
    for number in range(3):
        chat.rasa_does(f"{question} {number}", answers(f"Answer {number}.", question))
    chat.slack.fail(POST, with_=retry_after(2))
    chat.slack.say(ann, chat.slack.im(ann), f"{question} 0").wait()
    chat.slack.wait_for(lambda: [row for row in outbox(chat) if row.error == "ratelimited"])
    for number in (1, 2):
        chat.slack.say(ann, chat.slack.im(ann), f"{question} {number}").wait()
    began = time.monotonic()
    chat.asks(bob, chat.slack.im(bob), f"bob: {question}")
    assert time.monotonic() - began < 1.5
    chat.settle(15)
    said = [text.partition(".")[0] for text in chat.shown(chat.slack.im(ann))]
    assert said == ["Answer 0", "Answer 1", "Answer 2"]


def test_pauses_grow_and_end_at_two_minutes(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.slack.fail(POST, times=3, with_=http(503))
    began = time.monotonic()
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    chat.settle(20)
    assert 1 + 2 + 4 <= time.monotonic() - began < 12


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived", "not_in_channel", "cannot_dm_bot"])
def test_what_can_never_be_sent_is_given_up_and_blocks_nothing(chat: Chat, question: str, error: str) -> None:
    ann = chat.person()
    where = chat.slack.im(ann)
    chat.slack.fail(POST, with_=error)
    chat.slack.say(ann, where, f"{question} 1").wait()
    chat.settle()
    assert [row.error for row in outbox(chat) if row.state == "dead"][-1] == error
    chat.asks(ann, where, f"{question} 2")


def test_blocks_that_slack_does_not_take_go_as_text(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.rasa_does(question, answers("Choose Versions.", question))
    chat.slack.fail(POST, with_="invalid_blocks")
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    chat.settle()
    (said,) = chat.said(chat.slack.im(ann))
    assert (said["text"], said.get("blocks", [])) == ("Choose Versions.", [])


def test_a_revoked_token_keeps_the_reply_until_there_is_a_new_one(
    rasa: FakeRasa, start_chat: StartChat, question: str
) -> None:
    first = start_chat()
    ann = first.person()
    where = first.slack.im(ann)
    first.slack.fail(POST, times=1000, with_="token_revoked")
    first.slack.say(ann, where, question).wait()
    first.slack.wait_for(lambda: [row for row in outbox(first) if row.error == "token_revoked"])
    assert first.said(where) == []
    first.slack.heal()
    given = http_settings(first.slack, rasa, first.gateway.database_url)
    with running_chat(first.slack, rasa, **given) as second:
        second.slack.wait_for(lambda: second.said(where), 10)
        assert len(second.said(where)) == 1


def test_two_gateways_on_one_database_send_once(rasa: FakeRasa, start_chat: StartChat, question: str) -> None:
    first = start_chat()
    given = http_settings(first.slack, rasa, first.gateway.database_url)
    with running_chat(first.slack, rasa, **given) as second:
        people = [second.person() for _ in range(8)]
        for number in range(40):
            who = people[number % 8]
            second.slack.say(who, second.slack.im(who), f"{question} {number}")
        second.settle(30)
        said = [text for who in people for text in second.shown(second.slack.im(who))]
    assert len(said) == 40


def test_a_slow_slack_is_waited_for(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.slack.fail(POST, with_=slow(1.5))
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    chat.settle()
    assert len(chat.said(chat.slack.im(ann))) == 1


def test_a_slack_that_is_away_at_first_gets_what_waited(rasa: FakeRasa, tmp_path: Any, question: str) -> None:
    with installed_slack() as slack:
        slack.fail(POST, times=2, with_=cut_before())
        with running_chat(slack, rasa, **http_settings(slack, rasa, migrated(tmp_path))) as chat:
            ann = chat.person()
            chat.asks(ann, slack.im(ann), question)
