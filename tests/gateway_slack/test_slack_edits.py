"""A question that is mended within a minute is answered anew, in the place of the first answer."""

from uuid import uuid4

import pytest

from tests.gateway.fake_rasa import says, waits
from tests.gateway_slack.conftest import Chat, subscribe


@pytest.fixture
def mended() -> str:
    return f"how do I restore folder {uuid4().hex[:12]}"


def test_an_edited_question_is_answered_in_place(chat: Chat, question: str, mended: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.rasa_says(mended, "Folders are restored whole.")
    asked = chat.slack.say(ann, direct, question).wait()
    chat.settle()
    (first,) = chat.said(direct)
    chat.slack.edit(direct, asked, mended).wait()
    chat.settle()
    (reply,) = chat.said(direct)
    assert (reply["ts"], chat.slack.text_of(reply)) == (first["ts"], "Folders are restored whole.")


def test_an_edited_mention_is_answered_in_its_thread(chat: Chat, question: str, mended: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    chat.rasa_says(mended, "Folders are restored whole.")
    asked = chat.slack.say(ann, channel, chat.slack.mention(question)).wait()
    chat.settle()
    chat.slack.edit(channel, asked, chat.slack.mention(mended)).wait()
    chat.settle()
    assert chat.shown(channel, asked.ts) == ["Folders are restored whole."]


def test_the_last_of_two_edits_stands(chat: Chat, question: str, mended: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.rasa_says(f"{mended} again", "The last answer.")
    asked = chat.slack.say(ann, direct, question).wait()
    chat.slack.edit(direct, asked, mended).wait()
    chat.slack.edit(direct, asked, f"{mended} again").wait()
    chat.settle()
    assert chat.shown(direct) == ["The last answer."]


def test_an_edit_while_the_first_is_being_answered_leaves_one_answer(chat: Chat, question: str, mended: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.rasa_does(question, waits(0.3, says("Too late.")))
    chat.rasa_says(mended, "Folders are restored whole.")
    asked = chat.slack.say(ann, direct, question).wait()
    chat.slack.edit(direct, asked, mended).wait()
    chat.settle()
    assert chat.shown(direct) == ["Folders are restored whole."]


def test_an_edit_of_a_short_message_that_still_waits_leaves_one_answer(chat: Chat, mended: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.rasa_says(mended, "Folders are restored whole.")
    asked = chat.slack.say(ann, direct, "my backup").wait()
    chat.slack.edit(direct, asked, mended).wait()
    chat.settle()
    assert chat.shown(direct) == ["Folders are restored whole."]


def test_an_edit_that_comes_before_its_message_is_answered_once(chat: Chat, question: str, mended: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.slack.subscribe("nothing")
    asked = chat.slack.say(ann, direct, question)
    subscribe(chat.slack)
    chat.slack.edit(direct, asked, mended).wait()
    late = {**chat.slack.messages(direct)[0], "text": question, "channel_type": "im"}
    late.pop("edited")
    chat.slack.emit(late).wait()
    chat.settle()
    assert (len(chat.said(direct)), len(chat.heard(mended)), chat.heard(question)) == (1, 1, [])


def test_a_message_that_was_refused_is_answered_when_it_is_mended(chat: Chat, mended: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    asked = chat.slack.say(ann, direct, "a" * 4_001).wait()
    chat.slack.edit(direct, asked, mended).wait()
    chat.settle()
    assert len(chat.said(direct)) == 1 and chat.heard(mended)


def test_a_mention_put_in_by_an_edit_is_answered(chat: Chat, mended: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    asked = chat.slack.say(ann, channel, mended).wait()
    chat.slack.edit(channel, asked, chat.slack.mention(mended)).wait()
    chat.settle()
    assert len(chat.said(channel, asked.ts)) == 1


def test_a_late_edit_is_left_alone(chat: Chat, question: str, mended: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    asked = chat.slack.say(ann, direct, question).wait()
    chat.slack.clock.advance(61)
    chat.slack.edit(direct, asked, mended).wait()
    chat.settle()
    assert len(chat.said(direct)) == 1 and chat.heard(mended) == []


def test_the_preview_of_a_link_is_no_edit(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    asked = chat.slack.say(ann, direct, question).wait()
    chat.slack.unfurl(direct, asked, "A page").wait()
    chat.settle()
    assert len(chat.heard(question)) == 1


def test_deleting_a_question_asks_nothing(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    chat.mentions(ann, channel, question)
    chat.settle()
    root = chat.said(channel)[0]["thread_ts"]
    chat.slack.delete(channel, root).wait()
    chat.slack.delete(channel, chat.said(channel)[0]).wait()
    chat.settle()
    assert len(chat.heard(question)) == 1 and chat.said(channel) == []
