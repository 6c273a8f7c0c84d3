"""Who is answered in Slack, and where."""

from typing import Any

import pytest

from gateway import phrases as said_by_gateway
from gateway.slack import phrases, service
from gateway.slack.words import mrkdwn, plain
from tests.fakes.slack import broken_json, cut_before, html
from tests.gateway_slack.conftest import Chat, StartChat


def test_a_direct_message_is_answered_where_it_was_written(chat: Chat, question: str) -> None:
    ann = chat.person()
    reply = chat.asks(ann, chat.slack.im(ann), question)
    assert "Choose Versions" in reply["text"] and "thread_ts" not in reply


def test_a_mention_is_answered_once_in_a_thread_below_it(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    asked = chat.slack.say(ann, channel, chat.slack.mention(question)).wait()
    chat.settle()
    assert [delivery.event["type"] for delivery in asked.deliveries] == ["message", "app_mention"]
    assert [reply["thread_ts"] for reply in chat.said(channel)] == [asked.ts]
    assert len(chat.heard(question)) == 1


def test_the_mention_itself_is_not_asked(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.asks(ann, chat.channel(ann), f"Hey <@{chat.slack.bot_user_id}> {question} &amp; keep it?")
    assert chat.heard(f"Hey {question} & keep it?")


def test_what_is_not_for_us_is_left_alone(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    chat.slack.say(ann, channel, question).wait()
    chat.settle()
    assert chat.said(channel) == [] and chat.heard(question) == []


def test_a_bot_that_names_us_is_not_answered(chat: Chat, question: str) -> None:
    channel = chat.channel()
    chat.slack.bot_says(channel, chat.slack.mention(question)).wait()
    chat.settle()
    assert chat.said(channel) == [] and chat.heard(question) == []


def test_joining_and_leaving_are_no_questions(chat: Chat) -> None:
    ann, channel = chat.person(), chat.channel()
    before = len(chat.rasa.heard)
    (chat.slack.join(ann, channel) + chat.slack.join(chat.slack.bot_user_id, channel)).wait()
    chat.slack.leave(ann, channel).wait()
    chat.settle()
    assert (chat.said(channel), len(chat.rasa.heard)) == ([], before)


def test_a_burst_is_answered_once(start_chat: StartChat, question: str) -> None:
    chat = start_chat(BURST_SECONDS="5")
    ann = chat.person()
    direct = chat.slack.im(ann)
    for part in ("hello", "my backup", question):
        chat.slack.say(ann, direct, part).wait()
    chat.settle(4)  # the question is whole, so nothing more is waited for
    assert len(chat.said(direct)) == 1
    assert len(chat.heard(f"hello my backup {question}")) == 1


def test_nothing_but_our_name_gets_help_and_opens_the_thread(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    hello = chat.mentions(ann, channel, "")
    assert chat.slack.text_of(hello) == phrases.HELLO
    chat.settle()
    assert len(chat.said(channel)) == 1
    chat.asks(ann, channel, question, hello["thread_ts"])
    assert chat.heard(question)


def test_emoji_beside_words_are_not_asked_and_emoji_alone_are_told_apart(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.asks(ann, direct, f"{question} please :pray::skin-tone-2: :+1:")
    assert chat.heard(f"{question} please")
    reply = chat.asks(ann, direct, ":tada:")
    assert reply["text"] == said_by_gateway.NO_WORDS


def test_a_code_block_reaches_the_dialogue_as_it_is(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.asks(ann, chat.slack.im(ann), f"{question} ```if a &lt; b &amp;&amp; c: at 10:30:45```")
    assert chat.heard(f"{question} ```if a < b && c: at 10:30:45```")


def test_a_file_alone_is_answered_with_a_sentence_for_its_sender(chat: Chat) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.slack.share_file(ann, direct, "screen.png").wait()
    chat.settle()
    assert chat.told(ann) == [phrases.NO_FILES] and chat.said(direct) == []


def test_a_file_with_a_question_is_answered(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.slack.share_file(ann, direct, "screen.png", question).wait()
    chat.settle()
    assert len(chat.said(direct)) == 1 and chat.heard(question)


def test_me_is_answered_like_a_message(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.slack.me(ann, direct, question).wait()
    chat.settle()
    assert len(chat.said(direct)) == 1


def test_what_is_refused_in_a_channel_is_told_where_it_can_be_seen(chat: Chat) -> None:
    """What only one person sees isn't shown in a thread that doesn't exist yet."""
    ann = chat.person()
    channel = chat.channel(ann)
    chat.slack.say(ann, channel, chat.slack.mention("a" * 4_001)).wait()
    chat.settle()
    (told,) = chat.slack.ephemerals(ann, channel)
    assert told["text"] == said_by_gateway.TOO_LONG and not told.get("thread_ts")
    assert chat.said(channel) == []


@pytest.mark.parametrize("trouble", [503, broken_json(), html(), cut_before(), "internal_error"], ids=str)
def test_a_slack_that_is_away_at_first_is_tried_again(
    start_chat: StartChat, question: str, trouble: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "FIRST_PAUSE", 0.05)
    chat = start_chat(lambda slack: slack.fail("auth.test", with_=trouble))
    ann = chat.person()
    assert chat.asks(ann, chat.slack.im(ann), question)


def test_people_without_names_are_answered(chat: Chat, question: str) -> None:
    nobody = chat.person("", real_name="")
    assert chat.asks(nobody, chat.slack.im(nobody), question)


def test_a_message_with_a_link_is_read_by_its_words(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.asks(ann, chat.slack.im(ann), f"{question} on <https://help.example/x|the help page>")
    assert chat.heard(f"{question} on the help page")


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("<@UBOT> where?", "where?"),
        ("<@UBOT|frontdesk> where?", "where?"),
        ("ask <@U1|ann> or <@U2>", "ask @ann or somebody"),
        ("in <#C1|help> and <#C2>", "in #help and #channel"),
        ("<!here> who? <mailto:a@b.example|a@b.example>", "who? a@b.example"),
        ("a &lt;b&gt; &amp;amp;", "a <b> &amp;"),
    ],
)
def test_a_message_is_read_as_people_see_it(written: str, seen: str) -> None:
    assert plain(written, "UBOT") == seen


@pytest.mark.parametrize(
    ("markdown", "slack"),
    [
        ("**bold** and __bold__", "*bold* and *bold*"),
        ("*leaning*, 2 * 3 * 4, snake_case", "_leaning_, 2 * 3 * 4, snake_case"),
        ("- one\n  * two\n+ three", "• one\n  • two\n• three"),
        ("## How to **restore** ##", "*How to restore*"),
        ("[the guide](https://help.example/a_(b)?x=1&y=2).", "<https://help.example/a_(b)?x=1&amp;y=2|the guide>."),
        ("**see [this](https://help.example)**", "*see <https://help.example|this>*"),
        ("`**kept** <b>`", "`**kept** &lt;b&gt;`"),
        ("```python\nx = a*b*c\n```", "```\nx = a*b*c\n```"),
        ("https://help.example/__init__", "https://help.example/__init__"),
        ("<!channel> <@U1> [x](javascript:alert) & co", "&lt;!channel&gt; &lt;@U1&gt; [x](javascript:alert) &amp; co"),
        ("\x000\x00", "0"),
    ],
)
def test_markdown_becomes_what_slack_shows(markdown: str, slack: str) -> None:
    assert mrkdwn(markdown) == slack
