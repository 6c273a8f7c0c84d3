"""Validation and life of views: modals in their stacks, and App Homes.

https://docs.slack.dev/surfaces/modals and https://docs.slack.dev/reference/views
"""

import json
from typing import Any

from tests.fakes.slack.blocks import VIEW_BLOCKS, check_blocks
from tests.fakes.slack.errors import SlackError, invalid_arguments
from tests.fakes.slack.rules import Findings, check_text, length, required
from tests.fakes.slack.workspace import Workspace, new_id

Json = dict[str, Any]

STACK_LIMIT = 3
VIEW_BYTES = 250_000


def check_view(view: Any, types: tuple[str, ...] = ("modal", "home")) -> list[str]:
    """Everything Slack would say against this view."""
    found = Findings()
    if not isinstance(view, dict):
        return ["must provide an object [json-pointer:/view]"]
    if view.get("type") not in types:
        found.add(f"unsupported type: {view.get('type')}", "/view/type")
    if view.get("type") == "modal" and required(view, "title", "/view", found):
        check_text(view["title"], "/view/title", found, 24, plain=True)
    for key in ("submit", "close"):
        if view.get(key) is not None:
            check_text(view[key], f"/view/{key}", found, 24, plain=True)
    length(view, "private_metadata", "/view", found, 3000)
    length(view, "callback_id", "/view", found, 255)
    length(view, "external_id", "/view", found, 255)
    if required(view, "blocks", "/view", found):
        found.messages += check_blocks(view["blocks"], "/view/blocks", VIEW_BLOCKS, view=True)
        _check_inputs(view, found)
    return found.messages


def _check_inputs(view: Json, found: Findings) -> None:
    if view.get("type") != "modal" or view.get("submit") or not isinstance(view["blocks"], list):
        return
    for index, block in enumerate(view["blocks"]):
        if isinstance(block, dict) and block.get("type") == "input":
            found.add("must define `submit` to use an `input` block in modals", f"/view/blocks/{index}/input")
            return


def require_view(view: Any, types: tuple[str, ...]) -> Json:
    messages = check_view(view, types)
    if messages:
        raise invalid_arguments(*messages)
    if len(json.dumps(view)) > VIEW_BYTES:
        raise SlackError("view_too_large")
    assert isinstance(view, dict)
    return view


def fill_block_ids(blocks: list[Json]) -> list[Json]:
    """Slack names the blocks and elements that the app left unnamed."""
    named = []
    for block in blocks:
        block = {"block_id": new_id("", 5), **block}
        for key in ("accessory", "element"):
            if isinstance(block.get(key), dict) and block[key].get("type") != "image":
                block[key] = {"action_id": new_id("", 5), **block[key]}
        if block["type"] in ("actions", "context_actions"):
            block["elements"] = [{"action_id": new_id("", 5), **element} for element in block["elements"]]
        named.append(block)
    return named


def build_view(workspace: Workspace, view: Json, **given: Any) -> Json:
    """The view as Slack stores and returns it. `given` overrides: id, root_view_id, previous_view_id, _user."""
    view_id = given.pop("id", None) or new_id("V")
    return {
        "id": view_id,
        "team_id": workspace.team_id,
        "type": view["type"],
        "title": view.get("title"),
        "submit": view.get("submit"),
        "close": view.get("close"),
        "blocks": fill_block_ids(view["blocks"]),
        "private_metadata": view.get("private_metadata", ""),
        "callback_id": view.get("callback_id", ""),
        "external_id": view.get("external_id", ""),
        "state": {"values": {}},
        "hash": f"{int(workspace.clock.now())}.{new_id('', 8)}",
        "clear_on_close": bool(view.get("clear_on_close")),
        "notify_on_close": bool(view.get("notify_on_close")),
        "root_view_id": view_id,
        "previous_view_id": None,
        "app_id": workspace.app.id,
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.app.bot_id,
        **given,
    }


def public(view: Json) -> Json:
    """Without the fake's own notes (keys that start with `_`)."""
    return {key: value for key, value in view.items() if not key.startswith("_")}


def open_view(workspace: Workspace, view: Json, user: str, on: Json | None = None) -> Json:
    """Show a modal to `user`: as the root of a new stack, or on top of the view `on`."""
    _refuse_taken_external_id(workspace, view)
    given: Json = {"_user": user}
    if on is not None:
        stack = [one for one in workspace.views.values() if one["root_view_id"] == on["root_view_id"]]
        if len(stack) >= STACK_LIMIT:
            raise SlackError("push_limit_reached")
        given.update(root_view_id=on["root_view_id"], previous_view_id=on["id"])
    built = build_view(workspace, view, **given)
    workspace.views[built["id"]] = built
    return built


def replace_view(workspace: Workspace, old: Json, view: Json) -> Json:
    if view.get("external_id") != old.get("external_id"):
        _refuse_taken_external_id(workspace, view)
    kept = {key: old[key] for key in ("id", "root_view_id", "previous_view_id", "_user")}
    built = build_view(workspace, view, **kept)
    store = workspace.homes if old["type"] == "home" else workspace.views
    store[old["_user"] if old["type"] == "home" else old["id"]] = built
    return built


def _refuse_taken_external_id(workspace: Workspace, view: Json) -> None:
    wanted = view.get("external_id")
    if wanted and any(one["external_id"] == wanted for one in workspace.views.values()):
        raise SlackError("duplicate_external_id")


def close_view(workspace: Workspace, view: Json, all_of_stack: bool = False) -> None:
    for other in list(workspace.views.values()):
        if other["id"] == view["id"] or (all_of_stack and other["root_view_id"] == view["root_view_id"]):
            workspace.views.pop(other["id"], None)
