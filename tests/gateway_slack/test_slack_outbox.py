"""What Slack doesn't take now is sent later, once, in order; what it never takes is given up and blocks nothing."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests.fakes.slack import FakeSlack, broken_json, cut_after, cut_before, html, http, retry_after, slow
from tests.gateway.conftest import migrated, running_gateway
from tests.gateway.fake_rasa import FakeRasa, waits
from tests.gateway_slack.conftest import (
    OUTBOX,
    Chat,
    StartChat,
    answers,
    deliver_by_http,
    http_settings,
    installed_slack,
    running_chat,
)
from tests.town import free_ports

POST = "chat.postMessage"
PASSING = (http(503), http(500, after=True), cut_before(), cut_after(), html(), broken_json(after=True),
           "internal_error")  # fmt: skip
FOR_GOOD = ("channel_not_found", "is_archived", "not_in_channel", "cannot_dm_bot", "thread_not_found")


def outbox(chat: Chat) -> list[Any]:
    return chat.rows(select(OUTBOX).order_by(OUTBOX.c.id))


@pytest.mark.parametrize("in_thread", [False, True], ids=["direct", "thread"])
def test_what_passes_by_costs_time_and_no_second_reply(chat: Chat, question: str, in_thread: bool) -> None:
    asked = []
    for fault in PASSING:
        ann = chat.person()
        where = chat.channel(ann) if in_thread else chat.slack.im(ann)
        before = len(chat.slack.calls(POST))
        chat.slack.fail(POST, with_=fault)
        chat.slack.say(ann, where, chat.slack.mention(question) if in_thread else question)
        chat.slack.wait_for(lambda n=before: len(chat.slack.calls(POST)) > n)  # type: ignore[misc]
        asked.append((fault, where))
    chat.settle(15)
    assert [(fault, len(chat.said(where))) for fault, where in asked] == [(fault, 1) for fault in PASSING]


def test_retry_after_is_obeyed(chat: Chat, question: str) -> None:
    ann = chat.person()
    where = chat.slack.im(ann)
    chat.slack.fail(POST, with_=retry_after(2))
    chat.slack.say(ann, where, question).wait()
    chat.settle(15)
    refused, posted = (call for call in chat.slack.calls(POST) if call.args["channel"] == where.id)
    assert 2 <= posted.at - refused.at < 4


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


def test_a_busy_channel_gets_all_its_replies_at_slacks_pace(start_chat: StartChat, question: str) -> None:
    """Nothing is looked for that Slack refused: its history may be read far less often than its channels be written."""
    chat = start_chat()
    chat.slack.rate_limits.per_minute[3] = 3
    chat.slack.rate_limits.post_per_second = 10
    chat.slack.limits = True
    ann = chat.person()
    where = chat.channel(ann)
    for number in range(10):
        chat.slack.say(ann, where, chat.slack.mention(f"{question} {number}"))
    chat.settle(20)
    assert len(chat.said(where)) == 10
    assert chat.slack.calls("conversations.replies") == []


@pytest.mark.parametrize("error", FOR_GOOD)
def test_what_can_never_be_sent_is_given_up_and_blocks_nothing(chat: Chat, question: str, error: str) -> None:
    ann = chat.person()
    where = chat.slack.im(ann)
    chat.slack.fail(POST, with_=error)
    chat.slack.say(ann, where, f"{question} 1").wait()
    chat.settle()
    assert [row.error for row in outbox(chat) if row.state == "dead"][-1] == error
    chat.asks(ann, where, f"{question} 2")


@pytest.mark.parametrize("end", ["archive", "delete_channel"])
def test_a_channel_that_ends_while_its_question_is_answered_costs_one_reply(
    chat: Chat, question: str, end: str
) -> None:
    ann = chat.person()
    where = chat.channel(ann)
    chat.rasa_does(question, waits(0.3, answers("Choose Versions.", question)))
    chat.slack.say(ann, where, chat.slack.mention(question)).wait()
    getattr(chat.slack, end)(where).wait()
    chat.settle()
    assert outbox(chat)[-1].state == "dead"
    chat.asks(ann, chat.slack.im(ann), f"again: {question}")


def test_blocks_that_slack_does_not_take_go_as_text(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.rasa_does(question, answers("Choose Versions.", question))
    chat.slack.fail(POST, with_="invalid_blocks")
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    chat.settle()
    (said,) = chat.said(chat.slack.im(ann))
    assert (said["text"], said.get("blocks", [])) == ("Choose Versions.", [])


def test_an_answer_of_forty_thousand_characters_arrives_cut_and_says_so(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.rasa_does(question, answers("Choose Versions, then the day. " * 1_300, question))
    shown = chat.slack.text_of(chat.asks(ann, chat.slack.im(ann), question))
    assert "Choose Versions, then the day." in shown and "too long for Slack" in shown


def test_a_revoked_token_keeps_the_reply_until_the_gateway_has_a_new_one(
    rasa: FakeRasa, tmp_path: Path, question: str
) -> None:
    url = migrated(tmp_path)
    with installed_slack() as slack:
        with running_chat(slack, rasa, **http_settings(slack, rasa, url)) as first:
            ann = first.person()
            slack.revoke_tokens().wait()
            slack.say(ann, slack.im(ann), question).wait()
            slack.wait_for(lambda: [row for row in outbox(first) if row.error])
            assert first.said(slack.im(ann)) == []
        slack.reinstall("xoxb-another-token-of-these-tests")
        with running_chat(slack, rasa, **http_settings(slack, rasa, url)) as second:
            second.settle(10)
            assert len(second.said(slack.im(ann))) == 1


def test_two_gateways_on_one_database_answer_and_send_once(
    rasa: FakeRasa, start_chat: StartChat, question: str
) -> None:
    """Also what one of them has begun when the other starts."""
    first = start_chat()
    ann = first.person()
    first.rasa_does(question, waits(0.8, answers("Choose Versions.", question)))
    first.slack.fail(POST, with_=slow(1.0))
    first.slack.say(ann, first.slack.im(ann), question).wait()
    given = http_settings(first.slack, rasa, first.gateway.database_url)
    with running_chat(first.slack, rasa, **given) as second:
        people = [second.person() for _ in range(8)]
        for number in range(40):
            who = people[number % 8]
            second.slack.say(who, second.slack.im(who), f"{question} {number}")
        second.settle(30)
        assert [len(second.said(second.slack.im(who))) for who in (ann, *people)] == [1, *[5] * 8]


def test_a_slack_that_is_away_for_a_while_gets_what_waited(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.slack.fail("*", times=None, with_=cut_before())
    for number in range(5):
        chat.slack.say(ann, chat.slack.im(ann), f"{question} {number}").wait()
    chat.slack.wait_for(lambda: outbox(chat)[-1].state == "waiting")
    time.sleep(1)
    chat.slack.heal()
    chat.settle(15)
    assert len(chat.said(chat.slack.im(ann))) == 5


def test_a_slack_that_is_away_when_the_gateway_starts_is_found_when_it_comes(
    rasa: FakeRasa, tmp_path: Path, question: str
) -> None:
    slack = FakeSlack(port=free_ports(1)[0])
    given = http_settings(slack, rasa, migrated(tmp_path)) | {"SLACK_API_URL": f"http://127.0.0.1:{slack.port}/api/"}
    with running_gateway(**given) as address:
        assert httpx.post(f"{address}/slack/events", trust_env=False).status_code == 503
        with slack:
            deliver_by_http(slack, address)
            chat = Chat(slack, rasa, address, given["DATABASE_URL"])
            ann = chat.person()
            chat.asks(ann, slack.im(ann), question)
            chat.close()
