"""The assistant pane: suggested questions, and "is looking that up" in threads where a reply takes longer."""

import time

import pytest

from gateway.slack import outlet, phrases
from tests.fakes.slack import slow
from tests.gateway.fake_rasa import says, waits
from tests.gateway_slack.conftest import Chat


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply counts as slow after a moment."""
    monkeypatch.setattr(outlet, "THINKING_AFTER_SECONDS", 0.05)


def test_a_new_assistant_thread_gets_suggestions(chat: Chat) -> None:
    ann = chat.person()
    opened = chat.slack.start_assistant_thread(ann).wait()
    assert chat.slack.assistant(chat.slack.im(ann), opened)["prompts"] == phrases.PROMPTS


def test_a_question_in_the_pane_is_answered_in_its_thread(chat: Chat, question: str) -> None:
    ann = chat.person()
    opened = chat.slack.start_assistant_thread(ann).wait()
    assert chat.asks(ann, chat.slack.im(ann), question, opened)["thread_ts"] == opened.ts


def test_a_change_of_what_somebody_looks_at_is_taken_silently(chat: Chat) -> None:
    ann = chat.person()
    opened = chat.slack.start_assistant_thread(ann).wait()
    assert chat.slack.change_assistant_context(ann, opened, chat.channel(ann)).wait().ok


@pytest.mark.usefixtures("impatient")
def test_a_slow_reply_is_announced_in_a_direct_thread(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct, opened = chat.slack.im(ann), chat.slack.start_assistant_thread(ann).wait()
    chat.rasa_does(question, waits(0.8, says("Choose Versions.")))
    chat.slack.say(ann, direct, question, opened)
    chat.slack.wait_for(lambda: chat.slack.assistant(direct, opened).get("statuses"))
    assert chat.said(direct, opened) == chat.said(direct)[:1]  # the pane's own first line
    chat.settle()
    assert chat.slack.assistant(direct, opened)["statuses"] == [outlet.THINKING]


@pytest.mark.usefixtures("impatient")
def test_a_slow_reply_is_announced_in_the_thread_of_a_channel_and_nothing_is_posted_early(
    chat: Chat, question: str
) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    chat.rasa_does(question, waits(0.8, says("Choose Versions.")))
    asked = chat.slack.say(ann, channel, chat.slack.mention(question))
    chat.slack.wait_for(lambda: chat.slack.assistant(channel, asked).get("status") == outlet.THINKING)
    assert chat.said(channel) == []
    chat.settle()
    assert chat.shown(channel) == ["Choose Versions."]


def test_a_quick_reply_needs_no_announcement(chat: Chat, question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "THINKING_AFTER_SECONDS", 0.8)
    ann = chat.person()
    channel = chat.channel(ann)
    reply = chat.mentions(ann, channel, question)
    time.sleep(0.9)
    assert chat.slack.assistant(channel, reply["thread_ts"]) == {}


@pytest.mark.usefixtures("impatient")
def test_a_status_that_comes_after_the_reply_is_taken_away(chat: Chat, question: str) -> None:
    """Slack would show it for two minutes."""
    ann = chat.person()
    channel = chat.channel(ann)
    chat.rasa_does(question, waits(0.4, says("Choose Versions.")))
    chat.slack.fail("assistant.threads.setStatus", with_=slow(0.8))
    asked = chat.slack.say(ann, channel, chat.slack.mention(question)).wait()
    chat.slack.wait_for(lambda: chat.slack.assistant(channel, asked).get("statuses") == [outlet.THINKING, ""])
    assert chat.shown(channel) == ["Choose Versions."]


@pytest.mark.usefixtures("impatient")
def test_a_status_that_slack_refuses_costs_nothing(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    chat.rasa_does(question, waits(0.4, says("Choose Versions.")))
    chat.slack.fail("assistant.threads.setStatus", with_="method_not_supported_for_channel_type")
    assert chat.slack.text_of(chat.mentions(ann, channel, question)) == "Choose Versions."
