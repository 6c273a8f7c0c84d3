"""What filled-in elements look like in `actions` and `state.values`.

Worked example: choosing `billing` in a static_select gives
`{"type": "static_select", "selected_option": {"text": {...}, "value": "billing"}}`.
"""

from typing import Any

Json = dict[str, Any]

SELECTED = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
ONE_OPTION = ("static_select", "radio_buttons", "overflow", "external_select")
SEVERAL_OPTIONS = ("checkboxes", "multi_static_select", "multi_external_select")


def answer_of(element: Json, value: Any) -> Json:
    """The element as pressed or filled in with `value`; None leaves it as it was first shown."""
    kind = element["type"]
    if kind in ONE_OPTION:
        chosen = element.get("initial_option") if value is None else _option(element, value)
        return {"type": kind, "selected_option": chosen}
    if kind in SEVERAL_OPTIONS:
        chosen = element.get("initial_options", []) if value is None else [_option(element, one) for one in value]
        return {"type": kind, "selected_options": chosen}
    if kind in SELECTED:
        initial = element.get(SELECTED[kind].replace("selected", "initial"))
        return {"type": kind, SELECTED[kind]: initial if value is None else value}
    if kind == "feedback_buttons":
        return {"type": kind, **_feedback(element, value)}
    if kind in ("button", "workflow_button", "icon_button"):
        return {"type": kind, **{key: element[key] for key in ("value", "style", "url") if key in element}}
    return {"type": kind, "value": element.get("initial_value") if value is None else str(value)}


def _option(element: Json, value: Any) -> Json:
    if element["type"].endswith("external_select"):
        return value if isinstance(value, dict) else {"text": {"type": "plain_text", "text": value}, "value": value}
    options = list(element.get("options", []))
    for group in element.get("option_groups", []):
        options += group["options"]
    for option in options:
        if option["value"] == value:
            return dict(option)
    raise LookupError(f"no option {value!r}; there are {[option['value'] for option in options]}")


def _feedback(element: Json, value: Any) -> Json:
    for key in ("positive_button", "negative_button"):
        if value in (None, element[key].get("value")):
            return {"value": element[key].get("value"), "text": element[key]["text"]}
    raise LookupError(f"no feedback button with value {value!r}")


def state_of(blocks: list[Json], values: Json, strict: bool = False) -> Json:
    """`state.values`: by block_id, then action_id. `values` may be keyed by either."""
    state: Json = {}
    used: set[str] = set()
    for block in blocks:
        for element in _fillable(block):
            key = next((one for one in (block["block_id"], element["action_id"]) if one in values), None)
            used.add(key or "")
            answer = answer_of(element, values[key] if key else None)
            if strict and block["type"] == "input" and not block.get("optional") and _empty(answer):
                raise ValueError(f"{block['block_id']} must be filled in")
            state.setdefault(block["block_id"], {})[element["action_id"]] = answer
    if set(values) - used:
        raise LookupError(f"no fields {sorted(set(values) - used)} to fill in")
    return state


def _fillable(block: Json) -> list[Json]:
    candidates = [block.get("element"), block.get("accessory")]
    candidates += block.get("elements", []) if block["type"] == "actions" else []
    silent = ("button", "overflow", "image", "workflow_button")
    return [one for one in candidates if one is not None and one["type"] not in silent]


def _empty(answer: Json) -> bool:
    return all(value in (None, "", []) for key, value in answer.items() if key != "type")
