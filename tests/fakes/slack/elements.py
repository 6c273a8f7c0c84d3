"""Validation of Block Kit elements: buttons, menus, pickers and inputs.

https://docs.slack.dev/reference/block-kit/block-elements
"""

from collections.abc import Callable
from typing import Any

from tests.fakes.slack.rules import Findings, check_text, items, length, required

Json = dict[str, Any]


def check_element(element: Any, at: str, found: Findings, allowed: frozenset[str]) -> None:
    if not isinstance(element, dict):
        found.add("must provide an object", at)
        return
    kind = element.get("type")
    if kind is None:
        found.add("missing required field: type", at)
    elif kind not in allowed:
        found.add(f"unsupported type: {kind}", f"{at}/type")
    else:
        length(element, "action_id", at, found, 255)
        if "placeholder" in element:
            check_text(element["placeholder"], f"{at}/placeholder", found, 150, plain=True)
        if "confirm" in element:
            _confirm(element["confirm"], f"{at}/confirm", found)
        ELEMENT_RULES[kind](element, at, found)


def _confirm(dialog: Any, at: str, found: Findings) -> None:
    if not isinstance(dialog, dict):
        found.add("must provide an object", at)
        return
    for key, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if required(dialog, key, at, found):
            check_text(dialog[key], f"{at}/{key}", found, most, plain=key != "text")


def _button(element: Json, at: str, found: Findings) -> None:
    if required(element, "text", at, found):
        check_text(element["text"], f"{at}/text", found, 75, plain=True)
    length(element, "value", at, found, 2000)
    length(element, "url", at, found, 3000)
    length(element, "accessibility_label", at, found, 75)
    if element.get("style", "primary") not in ("primary", "danger"):
        found.add("must be a valid enum value", f"{at}/style")


def _options(element: Json, at: str, found: Findings, most: int, plain: bool, needed: bool = True) -> list[Any]:
    found_options = []
    for where, option in items(element, "options", at, found, most, needed=needed):
        _option(option, where, found, plain)
        found_options.append(option)
    return found_options


def _option(option: Any, at: str, found: Findings, plain: bool) -> None:
    if not isinstance(option, dict):
        found.add("must provide an object", at)
        return
    if required(option, "text", at, found):
        check_text(option["text"], f"{at}/text", found, 75, plain=plain)
    if required(option, "value", at, found):
        length(option, "value", at, found, 150)
    if "description" in option:
        check_text(option["description"], f"{at}/description", found, 75, plain=plain)


def _select(element: Json, at: str, found: Findings) -> None:
    grouped = "option_groups" in element
    options = _options(element, at, found, 100, plain=True, needed=not grouped)
    for where, group in items(element, "option_groups", at, found, 100):
        if required(group, "label", where, found):
            check_text(group["label"], f"{where}/label", found, 75, plain=True)
        options += _options(group, where, found, 100, plain=True)
    _initial(element, "initial_option", at, found, options)


def _initial(element: Json, key: str, at: str, found: Findings, options: list[Any]) -> None:
    if key not in element:
        return
    chosen = element[key]
    if not isinstance(chosen, dict):
        found.add("must provide an object", f"{at}/{key}")
    elif chosen not in options:
        found.add(f"{key} must exactly match one of the options", f"{at}/{key}")


def _choices(element: Json, at: str, found: Findings) -> None:
    _initial(element, "initial_option", at, found, _options(element, at, found, 10, plain=False))


def _overflow(element: Json, at: str, found: Findings) -> None:
    _options(element, at, found, 5, plain=True)


def _text_input(element: Json, at: str, found: Findings) -> None:
    for key, most in (("min_length", 3000), ("max_length", 3000)):
        value = element.get(key)
        if value is not None and (not isinstance(value, int) or not 0 <= value <= most):
            found.add(f"must be less than {most + 1}", f"{at}/{key}")
    length(element, "initial_value", at, found, int(element.get("max_length") or 3000))


def _number(element: Json, at: str, found: Findings) -> None:
    required(element, "is_decimal_allowed", at, found)


def _image(element: Json, at: str, found: Findings) -> None:
    if "image_url" not in element and "slack_file" not in element:
        found.add("must define either `image_url` or `slack_file`", at)
    required(element, "alt_text", at, found)


def _feedback(element: Json, at: str, found: Findings) -> None:
    for key in ("positive_button", "negative_button"):
        if required(element, key, at, found):
            check_text(element[key].get("text"), f"{at}/{key}/text", found, 75, plain=True)
            length(element[key], "value", f"{at}/{key}", found, 2000)


def _icon(element: Json, at: str, found: Findings) -> None:
    if required(element, "icon", at, found) and element["icon"] != "trash":
        found.add("must be a valid enum value", f"{at}/icon")
    if required(element, "text", at, found):
        check_text(element["text"], f"{at}/text", found, 75, plain=True)
    length(element, "value", at, found, 2000)


def _any(element: Json, at: str, found: Findings) -> None:
    """Elements with nothing more to check than what all share."""


ELEMENT_RULES: dict[str, Callable[[Json, str, Findings], None]] = {
    "button": _button,
    "workflow_button": _button,
    "feedback_buttons": _feedback,
    "icon_button": _icon,
    "static_select": _select,
    "multi_static_select": _select,
    "radio_buttons": _choices,
    "checkboxes": _choices,
    "overflow": _overflow,
    "plain_text_input": _text_input,
    "rich_text_input": _any,
    "email_text_input": _any,
    "url_text_input": _any,
    "number_input": _number,
    "file_input": _any,
    "datepicker": _any,
    "timepicker": _any,
    "datetimepicker": _any,
    "users_select": _any,
    "multi_users_select": _any,
    "conversations_select": _any,
    "multi_conversations_select": _any,
    "channels_select": _any,
    "multi_channels_select": _any,
    "external_select": _any,
    "multi_external_select": _any,
    "image": _image,
}
