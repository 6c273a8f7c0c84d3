"""`/frontdesk`: a question, help, or how it is."""

import pytest

from gateway import phrases as said_by_gateway
from gateway.slack import phrases
from tests.gateway_slack.conftest import Chat


@pytest.mark.parametrize(
    ("typed", "said"), [("", phrases.HELP), (" Help ", phrases.HELP), ("status", said_by_gateway.READY)]
)
def test_help_and_status_are_told_to_who_asks(chat: Chat, typed: str, said: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    chat.slack.command(ann, channel, "/frontdesk", typed).wait()
    assert chat.told(ann) == [said] and chat.said(channel) == []


def test_a_question_is_answered_in_direct_messages_below_itself(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel, direct = chat.channel(ann), chat.slack.im(ann)
    chat.rasa_says(question, "Choose Versions.")
    chat.slack.command(ann, channel, "/frontdesk", question).wait()
    chat.settle()
    assert chat.shown(direct) == [phrases.ASKED.format(question=question), "Choose Versions."]
    assert chat.told(ann) == [phrases.ANSWERED_THERE.format(channel=direct.id)] and chat.said(channel) == []


def test_the_talk_goes_on_in_direct_messages(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.slack.command(ann, chat.channel(ann), "/frontdesk", question).wait()
    chat.settle()
    chat.asks(ann, chat.slack.im(ann), f"{question} and then")
    assert chat.heard(question)[0]["sender"] == chat.heard(f"{question} and then")[0]["sender"]


def test_a_question_that_names_people_calls_nobody(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.slack.command(ann, chat.channel(ann), "/frontdesk", f"{question} of <@U123|ben> <!here>").wait()
    chat.settle()
    assert chat.said(direct)[0]["text"] == phrases.ASKED.format(question=f"{question} of @ben")


def test_a_question_that_is_too_long_is_refused(chat: Chat) -> None:
    ann = chat.person()
    chat.slack.command(ann, chat.channel(ann), "/frontdesk", "a" * 4_001).wait()
    chat.settle()
    assert said_by_gateway.TOO_LONG in chat.told(ann)


def test_when_it_fails_who_typed_it_is_told(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.slack.fail("conversations.open", with_=503)
    chat.slack.command(ann, chat.channel(ann), "/frontdesk", question).wait()
    assert chat.told(ann) == [phrases.NOT_TAKEN_IN] and chat.heard(question) == []
