"""views.*: modals and App Homes. https://docs.slack.dev/reference/methods/views.open and neighbours."""

from typing import Any

from tests.fakes.slack import views
from tests.fakes.slack.arguments import Arguments
from tests.fakes.slack.errors import SlackError, invalid_arguments
from tests.fakes.slack.web_api import Api, method

Json = dict[str, Any]


def _view(arguments: Arguments, *types: str) -> Json:
    try:
        view = arguments.json("view", "invalid_arguments")
    except SlackError as problem:
        raise invalid_arguments("invalid `view`") from problem
    return views.require_view(view, types)


@method("views.open", required=["trigger_id", "view"])
def open_view(api: Api, arguments: Arguments) -> Json:
    view = _view(arguments, "modal")
    trigger = api.workspace.use_trigger(arguments.text("trigger_id"))
    return {"view": views.public(views.open_view(api.workspace, view, trigger.user))}


@method("views.push", required=["trigger_id", "view"])
def push_view(api: Api, arguments: Arguments) -> Json:
    view = _view(arguments, "modal")
    trigger = api.workspace.use_trigger(arguments.text("trigger_id"))
    below = api.workspace.views.get(trigger.view_id or "")
    if below is None:
        raise SlackError("not_found")
    return {"view": views.public(views.open_view(api.workspace, view, trigger.user, on=below))}


@method("views.update", required=["view"])
def update_view(api: Api, arguments: Arguments) -> Json:
    view = _view(arguments, "modal", "home")
    view_id, external_id = arguments.text("view_id"), arguments.text("external_id")
    if not (view_id or external_id):
        raise invalid_arguments("must provide either view_id or external_id")
    known = [*api.workspace.views.values(), *api.workspace.homes.values()]
    old = next(
        (one for one in known if view_id == one["id"] or (external_id and external_id == one["external_id"])), None
    )
    if old is None:
        raise SlackError("not_found")
    _check_hash(arguments, old)
    return {"view": views.public(views.replace_view(api.workspace, old, view))}


@method("views.publish", required=["user_id", "view"])
def publish_view(api: Api, arguments: Arguments) -> Json:
    user_id = arguments.text("user_id")
    if user_id not in api.workspace.users:
        raise invalid_arguments("invalid `user_id`")
    view = _view(arguments, "home")
    old = api.workspace.homes.get(user_id)
    if old is not None:
        _check_hash(arguments, old)
        return {"view": views.public(views.replace_view(api.workspace, old, view))}
    built = views.build_view(api.workspace, view, _user=user_id)
    api.workspace.homes[user_id] = built
    return {"view": views.public(built)}


def _check_hash(arguments: Arguments, old: Json) -> None:
    if arguments.text("hash") and arguments.text("hash") != old["hash"]:
        raise SlackError("hash_conflict")
