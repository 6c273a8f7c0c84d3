"""Replies as blocks: sources, choices, what one can do; within the limits of Slack, which the fake checks."""

from typing import Any

import pytest

from gateway.slack import blocks, phrases
from gateway.slack.words import mrkdwn, pieces
from tests.gateway.fake_rasa import gives
from tests.gateway_slack.conftest import Chat, answers


def kinds(message: dict[str, Any]) -> list[str]:
    return [block["type"] for block in message["blocks"]]


def actions(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]


def ask(chat: Chat, question: str, mood: Any) -> dict[str, Any]:
    ann = chat.person()
    chat.rasa_does(question, mood)
    return chat.asks(ann, chat.slack.im(ann), question)


def test_an_answer_shows_its_sources_as_links_with_their_age(chat: Chat, question: str) -> None:
    reply = ask(chat, question, answers("Choose **Versions**.", sources=2))
    assert kinds(reply) == ["section", "context", "actions"]
    assert chat.slack.text_of(reply).splitlines() == [
        "Choose *Versions*.",
        "✓ Reviewed answer  <https://help.example/0?a=1&amp;b=2|Page 0> · last updated 18 September 2026  "
        "<https://help.example/1?a=1&amp;b=2|Page 1> · last updated 18 September 2026",
        "[👍]  [👎]  [Ask a person]",
    ]


def test_a_draft_is_not_called_reviewed(chat: Chat, question: str) -> None:
    reply = ask(chat, question, answers("Perhaps so.", decision="draft"))
    assert "Reviewed" not in chat.slack.text_of(reply)


def test_a_greeting_can_not_be_rated(chat: Chat, question: str) -> None:
    assert kinds(ask(chat, question, gives([{"text": "Hello!"}]))) == ["section"]


def test_links_of_an_answer_are_not_unfolded(chat: Chat, question: str) -> None:
    reply = ask(chat, question, answers("See https://help.example."))
    (call,) = [one for one in chat.slack.calls("chat.postMessage") if one.answer.get("ts") == reply["ts"]]
    assert call.args["unfurl_links"] is False and call.args["unfurl_media"] is False


def test_an_answer_can_call_nobody(chat: Chat, question: str) -> None:
    reply = ask(chat, question, answers("<!channel> & <@U123>"))
    assert reply["text"] == "&lt;!channel&gt; &amp; &lt;@U123&gt;" == reply["blocks"][0]["text"]["text"]


def test_five_choices_are_buttons(chat: Chat, question: str) -> None:
    titles = ["Backup", "Restore", "Sharing", "Billing", "a title of more than seventy-five characters " * 2]
    shown = actions(ask(chat, question, gives([{"text": "Which?", "buttons": [{"title": one} for one in titles]}])))
    assert [one["type"] for one in shown] == ["button"] * 5
    assert len(shown[-1]["text"]["text"]) == 75 and shown[-1]["text"]["text"].endswith("…")


def test_six_choices_are_a_menu(chat: Chat, question: str) -> None:
    titles = [f"Product {number}" for number in range(6)]
    (menu,) = actions(ask(chat, question, gives([{"text": "Which?", "buttons": [{"title": one} for one in titles]}])))
    assert menu["type"] == "static_select"
    assert [option["text"]["text"] for option in menu["options"]] == titles


def test_a_pressed_button_is_said_to_the_dialogue(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct, payload = chat.slack.im(ann), f'/choose{{"file": "{question}"}}'
    chat.rasa_does(question, gives([{"text": "Sure?", "buttons": [{"title": "Yes", "payload": payload}]}]))
    reply = chat.asks(ann, direct, question)
    chat.slack.click(ann, reply, "choose_0").wait()
    chat.settle()
    assert len(chat.heard(payload)) == 1 and len(chat.said(direct)) == 2


def test_a_choice_of_the_menu_is_said_to_the_dialogue_in_its_thread(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    offered = [{"title": f"Product {number}", "payload": f"/product {question} {number}"} for number in range(6)]
    chat.rasa_does(question, gives([{"text": "Which?", "buttons": offered}]))
    reply = chat.mentions(ann, channel, question)
    value = actions(reply)[0]["options"][4]["value"]
    chat.slack.click(ann, reply, "choose", value).wait()
    chat.settle()
    (heard,) = chat.heard(f"/product {question} 4")
    assert heard["sender"] == chat.heard(question)[0]["sender"]
    assert [one["thread_ts"] for one in chat.said(channel)] == [reply["thread_ts"]] * 2


def test_a_button_works_once(chat: Chat, question: str) -> None:
    ann = chat.person()
    direct = chat.slack.im(ann)
    chat.rasa_does(question, gives([{"text": "Sure?", "buttons": [{"title": "Yes", "payload": f"/yes {question}"}]}]))
    reply = chat.asks(ann, direct, question)
    for _ in range(2):
        chat.slack.click(ann, reply, "choose_0").wait()
    chat.settle()
    assert len(chat.heard(f"/yes {question}")) == 1
    assert chat.told(ann) == ["This was sent before and works only once."]


def test_somebody_else_in_the_thread_may_press(chat: Chat, question: str) -> None:
    ann, ben = chat.person(), chat.person("ben")
    channel = chat.channel(ann, ben)
    chat.rasa_does(question, gives([{"text": "Sure?", "buttons": [{"title": "Yes", "payload": f"/yes {question}"}]}]))
    chat.slack.click(ben, chat.mentions(ann, channel, question), "choose_0").wait()
    chat.settle()
    assert len(chat.heard(f"/yes {question}")) == 1


@pytest.mark.parametrize(
    ("action", "value"),
    [("choose_0", "t-of-no-turn:0"), ("choose_0", "nonsense"), ("choose_7", "{turn}:7"), ("ancient", "{turn}")],
)
def test_a_stale_button_says_so_to_who_pressed_it(chat: Chat, question: str, action: str, value: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    chat.rasa_does(question, gives([{"text": "Sure?", "buttons": [{"title": "Yes"}]}]))
    reply = chat.mentions(ann, channel, question)
    button = actions(reply)[0]
    button |= {"action_id": action, "value": value.format(turn=button["value"].partition(":")[0])}
    before = len(chat.rasa.heard)
    assert chat.slack.click(ann, reply, action).wait().ok
    chat.settle()
    assert chat.told(ann) == [phrases.STALE] and len(chat.rasa.heard) == before


def test_a_stale_menu_says_so(chat: Chat, question: str) -> None:
    ann = chat.person()
    offered = [{"title": f"Product {number}"} for number in range(6)]
    chat.rasa_does(question, gives([{"text": "Which?", "buttons": offered}]))
    reply = chat.asks(ann, chat.slack.im(ann), question)
    actions(reply)[0]["options"][0]["value"] = "t-of-no-turn:3"
    chat.slack.click(ann, reply, "choose", "t-of-no-turn:3").wait()
    chat.settle()
    assert chat.told(ann) == [phrases.STALE]


def test_a_button_of_another_thread_opens_nothing_here(chat: Chat, question: str) -> None:
    """A turn belongs to its conversation; its button, moved to another thread, is stale."""
    ann = chat.person()
    direct, channel = chat.slack.im(ann), chat.channel(ann)
    chat.rasa_does(question, gives([{"text": "Sure?", "buttons": [{"title": "Yes", "payload": f"/yes {question}"}]}]))
    there = chat.asks(ann, direct, question)
    here = chat.mentions(ann, channel, "hello there, what can you do?")
    chat.slack.click(ann, {**here, "blocks": there["blocks"]}, "choose_0").wait()
    chat.settle()
    assert chat.told(ann) == [phrases.STALE] and chat.heard(f"/yes {question}") == []


def test_a_long_answer_is_cut_into_blocks(chat: Chat, question: str) -> None:
    paragraphs = [f"{number}. " + "word & word " * 50 for number in range(8)]
    reply = ask(chat, question, answers("\n\n".join(paragraphs)))
    sections = [block["text"]["text"] for block in reply["blocks"] if block["type"] == "section"]
    assert len(sections) == 3 and all(len(text) <= 3_000 for text in sections)
    assert " ".join(sections).split() == mrkdwn("\n\n".join(paragraphs)).split()
    assert blocks.SHORTENED not in chat.slack.text_of(reply)


def test_an_endless_answer_is_shortened_and_says_so(chat: Chat, question: str) -> None:
    reply = ask(chat, question, answers("word & <word> " * 3_000, sources=20, buttons=["a" * 90] * 100))
    assert blocks.SHORTENED in chat.slack.text_of(reply) and len(reply["text"]) <= 4_000
    assert "Page 7" in chat.slack.text_of(reply) and "Page 8" not in chat.slack.text_of(reply)


@pytest.mark.parametrize("text", ["a & b <c> " * 900, "x" * 9_000, "[a link](https://help.example/page) " * 300])
def test_nothing_is_cut_through_that_belongs_together(text: str) -> None:
    parts = pieces(mrkdwn(text), 2_900)
    assert all(len(part) <= 2_900 and part.count("<") == part.count(">") for part in parts)
    assert not any(part.endswith(("&", "&a", "&am", "&amp", "&l", "&lt", "&g", "&gt")) for part in parts)
    assert "".join("".join(parts).split()) == "".join(mrkdwn(text).split())


def test_code_that_is_cut_goes_on_as_code() -> None:
    parts = pieces(mrkdwn("```\n" + "a line of code\n" * 500 + "```"), 2_900)
    assert len(parts) == 3 and all(part.startswith("```") and part.endswith("```") for part in parts)


def test_an_answer_whose_blocks_slack_refuses_comes_without_them(chat: Chat, question: str) -> None:
    chat.slack.fail("chat.postMessage", with_="msg_blocks_too_long")
    reply = ask(chat, question, answers("Choose Versions."))
    assert reply["text"] == "Choose Versions." and not reply.get("blocks")


def test_a_failure_is_a_sentence_with_the_id_of_the_turn(chat: Chat, question: str) -> None:
    reply = ask(chat, question, gives(b"", status=500))
    assert kinds(reply) == ["section"] and "quote t-" in reply["text"]
