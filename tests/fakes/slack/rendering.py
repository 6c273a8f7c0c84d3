"""What a person would read: messages and views flattened to plain text."""

from typing import Any

Json = dict[str, Any]


def text_of(shown: Json) -> str:
    """The blocks of a message or view, one line or more each; a message without blocks is its text."""
    lines = []
    title = shown.get("title")
    if isinstance(title, dict):
        lines.append(f"# {title['text']}")
    blocks = shown.get("blocks") or []
    lines += [line for block in blocks if (line := block_text(block))]
    if not blocks and shown.get("text"):
        lines.append(shown["text"])
    lines += [one.get("text") or one.get("fallback", "") for one in shown.get("attachments", [])]
    for key in ("submit", "close"):
        if isinstance(shown.get(key), dict):
            lines.append(f"[{shown[key]['text']}]")
    return "\n".join(lines)


def block_text(block: Json) -> str:
    kind = block["type"]
    if kind == "divider":
        return "---"
    if kind == "rich_text":
        return "\n".join(_rich(one) for one in block["elements"])
    if kind == "markdown":
        return str(block["text"])
    if kind == "input":
        return f"{_text(block['label'])}: {element_text(block['element'])}"
    if kind == "image":
        return f"(image: {block.get('alt_text', '')})"
    parts = [_text(block.get("text"))] + [_text(one) for one in block.get("fields", [])]
    parts += [element_text(one) for one in block.get("elements", [])]
    if block.get("accessory"):
        parts.append(element_text(block["accessory"]))
    joint = "\n" if kind == "section" else "  "
    return joint.join(part for part in parts if part)


def element_text(element: Json) -> str:
    """`[Button]`, `<one | two>` for menus, `____` for a field to fill in."""
    kind = element["type"]
    if kind in ("plain_text", "mrkdwn"):
        return str(element["text"])
    if kind == "image":
        return f"(image: {element.get('alt_text', '')})"
    if kind in ("button", "workflow_button", "icon_button"):
        return f"[{_text(element['text'])}]"
    if kind == "feedback_buttons":
        return " ".join(f"[{_text(element[key]['text'])}]" for key in ("positive_button", "negative_button"))
    if "options" in element:
        return "<" + " | ".join(_text(option["text"]) for option in element["options"]) + ">"
    return str(element.get("initial_value") or "____")


def _text(text: Any) -> str:
    return str(text.get("text", "")) if isinstance(text, dict) else str(text or "")


def _rich(element: Json) -> str:
    kind = element["type"]
    if kind == "text":
        return str(element["text"])
    if kind == "user":
        return f"<@{element['user_id']}>"
    if kind == "channel":
        return f"<#{element['channel_id']}>"
    if kind == "link":
        return str(element.get("text") or element["url"])
    if kind == "emoji":
        return f":{element['name']}:"
    inside = [_rich(one) for one in element.get("elements", [])]
    return "\n".join(f"- {one}" for one in inside) if kind == "rich_text_list" else "".join(inside)
