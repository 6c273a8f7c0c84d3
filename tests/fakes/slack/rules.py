"""The small checks that blocks, elements and views share."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


class Findings:
    """What is wrong, each with a JSON pointer to where, worded as Slack words it."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, text: str, at: str) -> None:
        self.messages.append(f"{text} [json-pointer:{at}]")


def required(node: Json, key: str, at: str, found: Findings) -> bool:
    if node.get(key) is None:
        found.add(f"missing required field: {key}", at)
        return False
    return True


def length(node: Json, key: str, at: str, found: Findings, most: int, least: int = 0) -> None:
    """A string of at most `most` characters, when the key is there."""
    value = node.get(key)
    if value is None and key not in node:
        return
    if not isinstance(value, str):
        found.add("must provide a string", f"{at}/{key}")
    elif len(value) > most:
        found.add(f"must be less than {most + 1} characters", f"{at}/{key}")
    elif len(value) < least:
        found.add(f"must be more than {least - 1} characters", f"{at}/{key}")


def check_text(text: Any, at: str, found: Findings, most: int, plain: bool = False) -> None:
    """A text object: `{"type": "plain_text" | "mrkdwn", "text": ...}`."""
    if not isinstance(text, dict):
        found.add("must provide an object", at)
        return
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if text.get("type") not in kinds:
        found.add(f"unsupported type: {text.get('type')}", f"{at}/type")
    if required(text, "text", at, found):
        length(text, "text", at, found, most, least=1)


def items(
    node: Json, key: str, at: str, found: Findings, most: int | None, least: int = 1, needed: bool = False
) -> Iterator[tuple[str, Any]]:
    """(json pointer, item) of an array with a limited number of items."""
    value = node.get(key)
    if value is None:
        if needed:
            found.add(f"missing required field: {key}", at)
        return
    if not isinstance(value, list):
        found.add("must provide an array", f"{at}/{key}")
        return
    if most is not None and len(value) > most:
        found.add(f"no more than {most} items allowed", f"{at}/{key}")
    if len(value) < least:
        found.add(f"no less than {least} items allowed", f"{at}/{key}")
    for index, one in enumerate(value):
        yield f"{at}/{key}/{index}", one
