"""Thumbs with a reason, and the button that asks for a person."""

from typing import Any

from sqlalchemy import select

from contracts.tables import RatingRow
from gateway.slack import phrases
from tests.fakes.slack import User
from tests.gateway_slack.conftest import Chat, answers, modal_of

RATINGS = RatingRow.__table__


def answered(chat: Chat, question: str) -> tuple[User, dict[str, Any]]:
    ann = chat.person()
    chat.rasa_does(question, answers("Choose Versions."))
    return ann, chat.asks(ann, chat.slack.im(ann), question)


def turn_of(reply: dict[str, Any]) -> str:
    return str(reply["blocks"][-1]["elements"][0]["value"])


def ratings(chat: Chat, turn: str) -> list[tuple[str, str | None, str | None]]:
    wanted = select(RATINGS.c.value, RATINGS.c.reason, RATINGS.c.comment).where(RATINGS.c.turn_id == turn)
    return [tuple(row) for row in chat.rows(wanted)]


def test_a_thumb_up_counts_and_is_thanked(chat: Chat, question: str) -> None:
    ann, reply = answered(chat, question)
    chat.slack.click(ann, reply, "rate_up").wait()
    chat.settle()
    assert ratings(chat, turn_of(reply)) == [("up", None, None)] and chat.told(ann) == [phrases.THANKS]


def test_a_thumb_down_counts_before_a_reason_is_given(chat: Chat, question: str) -> None:
    ann, reply = answered(chat, question)
    window = modal_of(chat, ann, lambda: chat.slack.click(ann, reply, "rate_down"))
    assert ratings(chat, turn_of(reply)) == [("down", None, None)]
    chat.slack.close(ann, window).wait()
    assert ratings(chat, turn_of(reply)) == [("down", None, None)]


def test_the_reason_is_asked_for_and_kept(chat: Chat, question: str) -> None:
    ann, reply = answered(chat, question)
    window = modal_of(chat, ann, lambda: chat.slack.click(ann, reply, "rate_down"))
    assert chat.slack.text_of(window).splitlines()[0] == "# What was wrong?"
    chat.slack.submit(ann, window, {"reason": "outdated", "comment": "It is called History now."}).wait()
    assert ratings(chat, turn_of(reply)) == [("down", "outdated", "It is called History now.")]


def test_a_reason_needs_no_comment(chat: Chat, question: str) -> None:
    ann, reply = answered(chat, question)
    window = modal_of(chat, ann, lambda: chat.slack.click(ann, reply, "rate_down"))
    assert chat.slack.submit(ann, window, {"reason": "wrong"}).wait().answer == {}
    assert ratings(chat, turn_of(reply)) == [("down", "wrong", None)]


def test_a_mind_can_be_changed(chat: Chat, question: str) -> None:
    ann, reply = answered(chat, question)
    modal_of(chat, ann, lambda: chat.slack.click(ann, reply, "rate_down"))
    chat.slack.click(ann, reply, "rate_up").wait()
    assert ratings(chat, turn_of(reply)) == [("up", None, None)]


def test_a_thumb_for_a_turn_that_is_gone_says_so_and_asks_nothing(chat: Chat, question: str) -> None:
    ann, reply = answered(chat, question)
    for element in reply["blocks"][-1]["elements"]:
        element["value"] = "t-of-no-turn"
    for thumb in ("rate_up", "rate_down"):
        assert chat.slack.click(ann, reply, thumb).wait().ok
    chat.settle()
    assert chat.told(ann) == [phrases.STALE] * 2 and chat.slack.modal(ann) is None


def test_a_window_that_slack_does_not_open_costs_the_reason_and_not_the_thumb(chat: Chat, question: str) -> None:
    ann, reply = answered(chat, question)
    chat.slack.fail("views.open", with_="expired_trigger_id")
    assert chat.slack.click(ann, reply, "rate_down").wait().ok
    chat.settle()
    assert ratings(chat, turn_of(reply)) == [("down", None, None)] and chat.told(ann) == [phrases.NOT_OPENED]


def test_a_reply_that_was_edited_in_place_is_rated_as_it_stands(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct, mended = chat.slack.im(ann), f"{question} again"
    for text in (question, mended):
        chat.rasa_does(text, answers(f"Answer to {text}."))
    asked = chat.slack.say(ann, direct, question).wait()
    chat.settle()
    (first,) = chat.said(direct)
    chat.slack.edit(direct, asked, mended).wait()
    chat.settle()
    (second,) = chat.said(direct)
    chat.slack.click(ann, second, "rate_up").wait()
    assert ratings(chat, turn_of(second)) == [("up", None, None)] and ratings(chat, turn_of(first)) == []
    chat.slack.click(ann, first, "rate_down").wait()  # a window that still showed the old answer
    assert ratings(chat, turn_of(first)) == [("down", None, None)]


def test_asking_for_a_person_is_told_to_the_dialogue(chat: Chat, question: str) -> None:
    ann, reply = answered(chat, question)
    sender, before = chat.heard(question)[0]["sender"], len(chat.heard("/talk_to_person"))
    chat.slack.click(ann, reply, "ask_person").wait()
    chat.settle()
    (wish,) = chat.heard("/talk_to_person")[before:]
    assert wish["sender"] == sender and len(chat.said(chat.slack.im(ann))) == 2
