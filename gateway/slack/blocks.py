"""Replies and forms as Slack's Block Kit, within its limits. https://docs.slack.dev/reference/block-kit/blocks"""

from collections.abc import Mapping
from typing import Any

from contracts.wire import Decision
from gateway.chat_models import Form, FormField, Message
from gateway.slack.words import link, mrkdwn, pieces

SECTION_CHARS = 2_900
MOST_SECTIONS = 3  # Slack refuses a message whose blocks have more than 13,200 characters together
MOST_SOURCES = 8
SOURCE_CHARS = 150
BUTTONS_IN_A_ROW = 5
MOST_OPTIONS = 30
TEXT_CHARS = 3_900
BUTTON_CHARS = 75
SHORTENED = "This answer was too long for Slack, and its end is missing. Ask about one part of it to read more."
REASONS = {
    "wrong": "It is wrong", "incomplete": "Something is missing", "outdated": "It is outdated",
    "unclear": "I don't understand it", "other": "Something else",
}  # fmt: skip
Block = dict[str, Any]


def reply(message: Message) -> tuple[str, list[Block]]:
    """The text for notifications and screen readers, and the blocks: answer, sources, choices, what one can do.

    What was answered from the knowledge base can be rated; a greeting can't.
    """
    parts = pieces(mrkdwn(message.text), SECTION_CHARS)
    shortened = [context(SHORTENED)] if len(parts) > MOST_SECTIONS else []
    sections = [section(part) for part in parts[:MOST_SECTIONS]]
    blocks = [*sections, *shortened, *_sources(message), *_choices(message)]
    if message.status == "answered" and message.decision is not None:
        blocks.append(_feedback(message))
    return pieces(mrkdwn(message.text), TEXT_CHARS)[0], blocks


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in texts]}


def _sources(message: Message) -> list[Block]:
    marks = {Decision.REVIEWED: "✓ Reviewed answer", Decision.CURATED: "✓ Reviewed answer"}
    first = [marks[message.decision]] if message.decision in marks else []
    links = [
        f"{link(source.url, short(source.title, SOURCE_CHARS))} · last updated {source.updated_at:%-d %B %Y}"
        for source in message.sources[:MOST_SOURCES]
    ]
    return [context(*first, *links)] if first or links else []


def _choices(message: Message) -> list[Block]:
    """The form and quick replies; a menu for more than fit in a row. What each stands for is in our history."""
    turn, choices = message.turn_id, message.buttons
    elements = [button("Fill in the form", "open_form", f"{turn}", style="primary")] if message.form is not None else []
    if len(elements) + len(choices) > BUTTONS_IN_A_ROW:
        options = [
            {"text": words(choice.title), "value": f"{turn}:{number}"}
            for number, choice in enumerate(choices[:MOST_OPTIONS])
        ]
        menu = {"type": "static_select", "action_id": "choose", "placeholder": words("Choose one"), "options": options}
        elements.append(menu)
    else:
        elements += [button(choice.title, f"choose_{n}", f"{turn}:{n}") for n, choice in enumerate(choices)]
    return [{"type": "actions", "elements": elements}] if elements else []


def _feedback(message: Message) -> Block:
    return {
        "type": "actions",
        "elements": [
            {**button("👍", "rate_up", f"{message.turn_id}"), "accessibility_label": "Helpful"},
            {**button("👎", "rate_down", f"{message.turn_id}"), "accessibility_label": "Not helpful"},
            button("Ask a person", "ask_person", f"{message.turn_id}"),
        ],
    }


def button(title: str, action: str, value: str, **more: str) -> Block:
    return {"type": "button", "text": words(title, BUTTON_CHARS), "action_id": action, "value": value, **more}


def words(text: str, most: int = BUTTON_CHARS) -> Block:
    return {"type": "plain_text", "text": short(text, most), "emoji": True}


def short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def form_view(form: Form, private: str) -> Block:
    """The form as a modal. Its values come back by block id, which is the field's name."""
    return {
        "type": "modal", "callback_id": "form", "private_metadata": private, "title": words(form.title, 24),
        "submit": words(form.submit, 24), "close": words("Cancel", 24),
        "blocks": [_input(field) for field in form.fields],
    }  # fmt: skip


def _input(field: FormField) -> Block:
    element: Block
    if field.kind == "choice":
        options = [{"text": words(option.label), "value": option.value} for option in field.options]
        element = {"type": "static_select", "options": options}
        chosen = [option for option in options if option["value"] == field.value]
        element |= {"initial_option": chosen[0]} if chosen else {}
    else:
        kind = {"email": "email_text_input", "text": "plain_text_input"}[field.kind]
        element = {"type": kind, **({"multiline": True} if field.kind == "text" else {})}
        element |= {"initial_value": field.value} if field.value else {}
    return {
        "type": "input", "block_id": field.name, "label": words(field.label, 2_000),
        "element": {**element, "action_id": field.name}, **({"hint": words(field.error, 2_000)} if field.error else {}),
    }  # fmt: skip


def reason_view(private: str) -> Block:
    """Why an answer didn't help."""
    options = [{"text": words(said), "value": name} for name, said in REASONS.items()]
    return {
        "type": "modal", "callback_id": "reason", "private_metadata": private, "title": words("What was wrong?", 24),
        "submit": words("Send", 24), "close": words("Cancel", 24),
        "blocks": [
            {
                "type": "input", "block_id": "reason", "label": words("Reason"),
                "element": {"type": "radio_buttons", "action_id": "reason", "options": options},
            },
            {
                "type": "input", "block_id": "comment", "optional": True, "label": words("Anything to add?"),
                "element": {
                    "type": "plain_text_input", "action_id": "comment", "multiline": True, "max_length": 1_000,
                },
            },
        ],
    }  # fmt: skip


def home_view(status: str) -> Block:
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": words("Frontdesk", 150)},
            section(mrkdwn(status)),
            section(
                "Ask me in a direct message, or mention me in a channel: I answer in the thread, and there you can "
                "go on without the mention. I answer from our own help pages. When I don't know, I say so, and a "
                "colleague takes over if you want."
            ),
            context("`/frontdesk help` shows what I can do."),
        ],
    }  # fmt: skip


def values_of(view: Mapping[str, Any]) -> dict[str, str]:
    """What was filled into a modal, by block; several choices with blanks between."""
    values: dict[str, str] = {}
    for name, block in view["state"]["values"].items():
        (element,) = block.values()
        chosen = element.get("selected_options") or [element.get("selected_option")]
        values[name] = element.get("value") or " ".join(option["value"] for option in chosen if option)
    return values
