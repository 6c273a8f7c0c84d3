"""Block Kit validation: the limits Slack enforces, in the words Slack uses.

Worked example: a section with 3,001 characters as the first block of a message gives
`must be less than 3001 characters [json-pointer:/blocks/0/text/text]`, answered as error `invalid_blocks`.
Limits: https://docs.slack.dev/reference/block-kit/blocks and .../block-elements.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.fakes.slack.elements import ELEMENT_RULES, check_element
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.rules import Findings, check_text, items, length, required

Json = dict[str, Any]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MARKDOWN_CHARS = 12_000
BLOCKS_CHARS = 13_200
"""All text of a message's blocks together. Not documented; measured in slackapi/bolt-js issue 2509."""

BUTTONS_AND_MENUS = frozenset(ELEMENT_RULES) - {
    "image",
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "file_input",
    "feedback_buttons",
    "icon_button",
}
INPUTS = frozenset(ELEMENT_RULES) - {
    "image",
    "button",
    "overflow",
    "workflow_button",
    "feedback_buttons",
    "icon_button",
}


def _section(block: Json, at: str, found: Findings) -> None:
    if "text" not in block and "fields" not in block:
        found.add("must define either `text` or `fields`", at)
    if "text" in block:
        check_text(block["text"], f"{at}/text", found, 3000)
    for where, one in items(block, "fields", at, found, 10):
        check_text(one, where, found, 2000)
    if "accessory" in block:
        check_element(block["accessory"], f"{at}/accessory", found, BUTTONS_AND_MENUS | {"image"})


def _header(block: Json, at: str, found: Findings) -> None:
    if required(block, "text", at, found):
        check_text(block["text"], f"{at}/text", found, 150, plain=True)


def _context(block: Json, at: str, found: Findings) -> None:
    for where, one in items(block, "elements", at, found, 10, needed=True):
        if isinstance(one, dict) and one.get("type") in ("plain_text", "mrkdwn"):
            check_text(one, where, found, 3000)
        else:
            check_element(one, where, found, frozenset({"image"}))


def _actions(block: Json, at: str, found: Findings) -> None:
    for where, one in items(block, "elements", at, found, 25, needed=True):
        check_element(one, where, found, BUTTONS_AND_MENUS)


def _context_actions(block: Json, at: str, found: Findings) -> None:
    for where, one in items(block, "elements", at, found, 5, needed=True):
        check_element(one, where, found, frozenset({"feedback_buttons", "icon_button"}))


def _input(block: Json, at: str, found: Findings) -> None:
    if required(block, "label", at, found):
        check_text(block["label"], f"{at}/label", found, 2000, plain=True)
    if "hint" in block:
        check_text(block["hint"], f"{at}/hint", found, 2000, plain=True)
    if required(block, "element", at, found):
        check_element(block["element"], f"{at}/element", found, INPUTS)


def _image(block: Json, at: str, found: Findings) -> None:
    if "image_url" not in block and "slack_file" not in block:
        found.add("must define either `image_url` or `slack_file`", at)
    length(block, "image_url", at, found, 3000)
    if required(block, "alt_text", at, found):
        length(block, "alt_text", at, found, 2000)
    if "title" in block:
        check_text(block["title"], f"{at}/title", found, 2000, plain=True)


def _markdown(block: Json, at: str, found: Findings) -> None:
    if required(block, "text", at, found):
        length(block, "text", at, found, MARKDOWN_CHARS, least=1)


def _rich_text(block: Json, at: str, found: Findings) -> None:
    known = ("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted")
    for where, one in items(block, "elements", at, found, None, needed=True):
        if not isinstance(one, dict) or one.get("type") not in known:
            found.add(f"unsupported type: {one.get('type') if isinstance(one, dict) else one}", f"{where}/type")


def _any(block: Json, at: str, found: Findings) -> None:
    """Blocks known by name only: their insides are not checked."""


BLOCK_RULES: dict[str, Callable[[Json, str, Findings], None]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "context_actions": _context_actions,
    "actions": _actions,
    "input": _input,
    "image": _image,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "divider": _any,
    "file": _any,
    "video": _any,
    "table": _any,
    "task_card": _any,
    "plan": _any,
}
NOT_IN_VIEWS = {"file", "markdown", "context_actions", "table", "task_card", "plan"}


def check_blocks(blocks: Any, at: str = "/blocks", most: int = MESSAGE_BLOCKS, view: bool = False) -> list[str]:
    """Everything Slack would say against these blocks; an empty list when nothing."""
    found = Findings()
    if not isinstance(blocks, list):
        return [f"must provide an array [json-pointer:{at}]"]
    if len(blocks) > most:
        found.add(f"no more than {most} items allowed", at)
    for index, block in enumerate(blocks):
        _check_block(block, f"{at}/{index}", found, view)
    _check_unique(blocks, at, found)
    return found.messages


def _check_block(block: Any, at: str, found: Findings, view: bool) -> None:
    if not isinstance(block, dict):
        found.add("must provide an object", at)
        return
    kind = block.get("type")
    if kind is None:
        found.add("missing required field: type", at)
    elif kind not in BLOCK_RULES or (view and kind in NOT_IN_VIEWS):
        found.add(f"unsupported type: {kind}", f"{at}/type")
    else:
        length(block, "block_id", at, found, 255)
        BLOCK_RULES[kind](block, at, found)


def _check_unique(blocks: list[Any], at: str, found: Findings) -> None:
    """`block_id`s are unique in a message or view, and so are `action_id`s (Slack refuses repeats of either)."""
    block_ids: set[str] = set()
    action_ids: set[str] = set()
    for index, block in enumerate(block for block in blocks if isinstance(block, dict)):
        block_id = block.get("block_id")
        if block_id and block_id in block_ids:
            found.add(f'`block_id` "{block_id}" already exists', f"{at}/{index}/block_id")
        block_ids.add(block_id or "")
        for where, element in interactive_elements(block, f"{at}/{index}"):
            action_id = element.get("action_id")
            if action_id and action_id in action_ids:
                found.add(f'`action_id` "{action_id}" already exists', f"{where}/action_id")
            action_ids.add(action_id or "")


def interactive_elements(block: Json, at: str = "") -> Iterator[tuple[str, Json]]:
    """(json pointer, element) of everything in a block that a person can press or fill in."""
    candidates: list[tuple[str, Any]] = [(f"{at}/{key}", block.get(key)) for key in ("accessory", "element")]
    if block.get("type") in ("actions", "context_actions") and isinstance(block.get("elements"), list):
        candidates += [(f"{at}/elements/{index}", one) for index, one in enumerate(block["elements"])]
    for where, element in candidates:
        if isinstance(element, dict) and element.get("type") not in (None, "image"):
            yield where, element


def require_blocks(blocks: Any) -> None:
    """Raise `invalid_blocks` or `msg_blocks_too_long` for a message's blocks."""
    messages = check_blocks(blocks)
    if messages:
        raise SlackError(
            "invalid_blocks",
            errors=messages,
            response_metadata={"messages": [f"[ERROR] {text}" for text in messages]},
        )
    texts = list(_texts(blocks))
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if sum(map(len, texts)) > BLOCKS_CHARS or markdown > MARKDOWN_CHARS:
        raise SlackError("msg_blocks_too_long")


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _texts(one)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
