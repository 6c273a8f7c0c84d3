"""The ticket form as a window of Slack's."""

from typing import Any

from gateway import phrases as said_by_gateway
from gateway.slack import phrases
from tests.fakes.slack import User
from tests.gateway.fake_rasa import Mood, gives
from tests.gateway_slack.conftest import Chat, modal_of

VALUES = {"email": "ann@example.com", "summary": "It stops.\nEach time.", "severity": "high"}


def form(errors: dict[str, str] | None = None, **custom: Any) -> Mood:
    options = [{"value": "low", "label": "It can wait"}, {"value": "high", "label": "I can't work"}]
    fields = [
        {"name": "email", "label": "Your e-mail address", "kind": "email"},
        {"name": "summary", "label": "What happens?", "kind": "text"},
        {"name": "severity", "label": "How pressing is it?", "kind": "choice", "options": options},
    ]
    shown = {
        "name": "ticket_form", "title": "Open a ticket for our support team", "submit": "Send ticket",
        "intent": "inform", "fields": fields,
    }  # fmt: skip
    return gives([{"text": "Which e-mail address?"}, {"custom": {"form": shown, "form_errors": errors or {}} | custom}])


def filled(chat: Chat) -> list[str]:
    return [body["message"] for body in chat.rasa.heard if body["message"].startswith("/inform")]


def opened(chat: Chat, question: str) -> tuple[User, dict[str, Any], dict[str, Any]]:
    """Somebody who has the form open; the reply it came with, and the window."""
    ann = chat.person()
    chat.rasa_does(question, form())
    reply = chat.asks(ann, chat.slack.im(ann), question)
    return ann, reply, modal_of(chat, ann, lambda: chat.slack.click(ann, reply, "open_form"))


def test_the_form_is_a_button_that_opens_a_window(chat: Chat, question: str) -> None:
    _, reply, window = opened(chat, question)
    assert "[Fill in the form]" in chat.slack.text_of(reply)
    assert chat.slack.text_of(window).splitlines() == [
        "# Open a ticket for our s…",
        "Your e-mail address: ____",
        "What happens?: ____",
        "How pressing is it?: <It can wait | I can't work>",
        "[Send ticket]",
        "[Cancel]",
    ]


def test_what_was_filled_in_reaches_the_dialogue_at_once(chat: Chat, question: str) -> None:
    ann, _, window = opened(chat, question)
    before = len(filled(chat))
    chat.slack.submit(ann, window, VALUES).wait()
    chat.settle()
    (said,) = filled(chat)[before:]
    assert said == '/inform{"email": "ann@example.com", "summary": "It stops.\\nEach time.", "severity": "high"}'
    assert chat.slack.modal(ann) is None and len(chat.said(chat.slack.im(ann))) == 2


def test_the_choices_stand_beside_the_form(chat: Chat, question: str) -> None:
    ann = chat.person()
    with_choice = form()
    chat.rasa_does(question, with_choice)
    reply = chat.asks(ann, chat.slack.im(ann), question)
    assert [one["action_id"] for one in reply["blocks"][-1]["elements"]] == ["open_form"]


def test_a_form_that_was_sent_works_once(chat: Chat, question: str) -> None:
    ann, reply, window = opened(chat, question)
    chat.slack.submit(ann, window, VALUES).wait()
    again = modal_of(chat, ann, lambda: chat.slack.click(ann, reply, "open_form"))
    before = len(filled(chat))
    answer = chat.slack.submit(ann, again, VALUES).wait().answer
    assert answer == {"response_action": "errors", "errors": {"email": said_by_gateway.USED}}
    chat.settle()
    assert len(filled(chat)) == before


def test_the_same_window_sent_twice_is_one_ticket(chat: Chat, question: str) -> None:
    ann, _, window = opened(chat, question)
    before = len(filled(chat))
    for _ in range(2):
        assert chat.slack.submit(ann, window, VALUES).wait().answer == {}
    chat.settle()
    assert len(filled(chat)) == before + 1


def test_what_the_dialogue_refuses_stands_at_its_field_next_time(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.rasa_does(question, form(errors={"email": "That is no e-mail address."}))
    reply = chat.asks(ann, chat.slack.im(ann), question)
    window = modal_of(chat, ann, lambda: chat.slack.click(ann, reply, "open_form"))
    assert window["blocks"][0]["hint"]["text"] == "That is no e-mail address."


def test_too_much_text_is_refused_in_the_window(chat: Chat, question: str) -> None:
    ann, _, window = opened(chat, question)
    answer = chat.slack.submit(ann, window, VALUES | {"summary": "a" * 4_001}).wait().answer
    assert answer["errors"] == {"email": said_by_gateway.TOO_LONG} and chat.slack.modal(ann) is not None


def test_the_form_of_a_turn_that_is_gone_says_so(chat: Chat, question: str) -> None:
    ann, reply, _ = opened(chat, question)
    reply["blocks"][-1]["elements"][0]["value"] = "t-of-no-turn"
    chat.slack.click(ann, reply, "open_form").wait()
    chat.settle()
    assert chat.told(ann) == [phrases.STALE]


def test_a_window_that_slack_does_not_open_is_told(chat: Chat, question: str) -> None:
    ann, reply, _ = opened(chat, question)
    chat.slack.fail("views.open", with_="expired_trigger_id")
    assert chat.slack.click(ann, reply, "open_form").wait().ok
    chat.settle()
    assert chat.told(ann) == [phrases.NOT_OPENED]


def test_a_colleague_in_the_thread_may_fill_it_in(chat: Chat, question: str) -> None:
    ann, ben = chat.person(), chat.person("ben")
    channel = chat.channel(ann, ben)
    chat.rasa_does(question, form())
    reply = chat.mentions(ann, channel, question)
    window = modal_of(chat, ben, lambda: chat.slack.click(ben, reply, "open_form"))
    chat.slack.submit(ben, window, VALUES).wait()
    chat.settle()
    assert [one["thread_ts"] for one in chat.said(channel)] == [reply["thread_ts"]] * 2
