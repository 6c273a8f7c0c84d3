"""conversations.*, users.*, usergroups.*, reactions.add, auth.*, api.test and apps.connections.open."""

import base64
from collections.abc import Iterable
from typing import Any

from tests.fakes.slack.arguments import Arguments
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.methods_chat import shown
from tests.fakes.slack.web_api import Api, kinds_of_scope, method
from tests.fakes.slack.workspace import Channel, User, UserGroup, Workspace

Json = dict[str, Any]


def page(rows: list[Any], arguments: Arguments, default: int = 100) -> tuple[list[Any], Json]:
    """(rows of this page, `response_metadata`): cursors are opaque, and refused when not one of ours."""
    cursor, start = arguments.text("cursor"), 0
    if cursor:
        try:
            start = int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
        except ValueError as problem:
            raise SlackError("invalid_cursor") from problem
    stop = start + arguments.number("limit", default, 1000)
    following = base64.b64encode(f"next:{stop}".encode()).decode() if stop < len(rows) else ""
    return rows[start:stop], {"next_cursor": following}


def channel_json(workspace: Workspace, channel: Channel) -> Json:
    described: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_im": channel.kind == "im",
        "is_org_shared": False,
        "context_team_id": workspace.team_id,
    }
    if channel.kind == "im":
        other = [one for one in channel.members if one != workspace.app.bot_user_id]
        return {**described, "user": other[0], "is_user_deleted": workspace.user(other[0]).deleted, "priority": 0}
    return {
        **described,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.is_private,
        "is_general": channel.name == "general",
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": False,
        "shared_team_ids": [workspace.team_id, *channel.connected_team_ids],
        "is_member": workspace.app.bot_user_id in channel.members,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def user_json(workspace: Workspace, user: User) -> Json:
    """A person as users.info shows them. Of a stranger of another workspace, no email address is shown."""
    profile: Json = {"display_name": user.name, "team": user.team_id}
    described: Json = {"id": user.id, "team_id": user.team_id, "name": user.name, "deleted": user.deleted}
    if user.real_name is not None:
        profile["real_name"] = described["real_name"] = user.real_name
    if user.email and not user.is_stranger and "users:read.email" in workspace.app.scopes:
        profile["email"] = user.email
    if user.team_id != workspace.team_id:
        described["is_stranger"] = user.is_stranger
    flags = ("is_bot", "is_restricted", "is_ultra_restricted")
    return {
        **described,
        **{flag: getattr(user, flag) for flag in flags},
        "is_app_user": False,
        "tz": user.tz,
        "profile": profile,
    }


@method("conversations.info", kinds_of_scope("read"), ["channel"], takes_json=False)
def info(api: Api, arguments: Arguments) -> Json:
    channel = api.workspace.channel(arguments.text("channel"))
    api.need_scope(channel, "read")
    described = channel_json(api.workspace, channel)
    if arguments.flag("include_num_members"):
        described["num_members"] = len(channel.members)
    return {"channel": described}


@method("conversations.list", kinds_of_scope("read"), takes_json=False)
def list_conversations(api: Api, arguments: Arguments) -> Json:
    kinds = {"public_channel": "channel", "private_channel": "group", "mpim": "mpim", "im": "im"}
    wanted = (arguments.text("types") or "public_channel").split(",")
    if not set(wanted) <= set(kinds):
        raise SlackError("invalid_types")
    workspace = api.workspace
    rows = [
        channel_json(workspace, channel)
        for channel in workspace.channels.values()
        if channel.kind in {kinds[one] for one in wanted}
        and (not channel.is_private or workspace.app.bot_user_id in channel.members)
        and not (channel.is_archived and arguments.flag("exclude_archived"))
    ]
    shown_rows, metadata = page(rows, arguments)
    return {"channels": shown_rows, "response_metadata": metadata}


@method("conversations.members", kinds_of_scope("read"), ["channel"], takes_json=False)
def members(api: Api, arguments: Arguments) -> Json:
    channel = api.workspace.channel(arguments.text("channel"))
    api.need_scope(channel, "read")
    rows, metadata = page(channel.members, arguments)
    return {"members": rows, "response_metadata": metadata}


def _between(messages: Iterable[Json], arguments: Arguments) -> list[Json]:
    oldest, latest = arguments.text("oldest") or "0", arguments.text("latest") or "9999999999"
    inclusive = arguments.flag("inclusive")
    for name, value in (("oldest", oldest), ("latest", latest)):
        if not value.replace(".", "", 1).isdigit():
            raise SlackError(f"invalid_ts_{name}")
    low, high = float(oldest), float(latest)
    return [one for one in messages if low < float(one["ts"]) < high or (inclusive and float(one["ts"]) in (low, high))]


def _history_channel(api: Api, arguments: Arguments) -> Channel:
    channel = api.workspace.channel(arguments.text("channel"))
    api.need_scope(channel, "history")
    if api.workspace.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _with_metadata(message: Json, arguments: Arguments) -> Json:
    message = shown(message)
    if not arguments.flag("include_all_metadata"):
        message.pop("metadata", None)
    return message


@method("conversations.history", kinds_of_scope("history"), ["channel"], takes_json=False)
def history(api: Api, arguments: Arguments) -> Json:
    channel = _history_channel(api, arguments)
    top = [
        one
        for one in channel.messages.values()
        if one.get("thread_ts") in (None, one["ts"]) or one.get("subtype") == "thread_broadcast"
    ]
    newest_first = sorted(_between(top, arguments), key=lambda one: float(one["ts"]), reverse=True)
    rows, metadata = page(newest_first, arguments)
    messages = [_with_metadata(one, arguments) for one in rows]
    more = bool(metadata["next_cursor"])
    answer: Json = {"messages": messages, "has_more": more, "pin_count": 0}
    return {**answer, "response_metadata": metadata} if more else answer


@method("conversations.replies", kinds_of_scope("history"), ["channel", "ts"], takes_json=False)
def replies(api: Api, arguments: Arguments) -> Json:
    """A thread, oldest first: the root is always the first message, whatever `oldest` says."""
    channel = _history_channel(api, arguments)
    ts = arguments.text("ts")
    given = api.workspace.message(channel, ts, "thread_not_found")
    root_ts = given.get("thread_ts", ts)
    rows = api.workspace.thread(channel, root_ts)
    rest = _between([one for one in rows if one["ts"] != root_ts], arguments)
    first = [one for one in rows if one["ts"] == root_ts]
    shown_rows, metadata = page(first + rest, arguments, 1000)
    messages = [_with_metadata(one, arguments) for one in shown_rows]
    more = bool(metadata["next_cursor"])
    answer: Json = {"messages": messages, "has_more": more}
    return {**answer, "response_metadata": metadata} if more else answer


@method("conversations.open", ["im:write", "mpim:write"])
def open_conversation(api: Api, arguments: Arguments) -> Json:
    workspace = api.workspace
    if arguments.text("channel"):
        channel = workspace.channel(arguments.text("channel"))
    else:
        users = [one for one in arguments.text("users").split(",") if one]
        if not users:
            raise SlackError("users_list_not_supplied")
        for one in users:
            if workspace.user(one).deleted:
                raise SlackError("user_disabled")
        known = set(workspace.channels)
        channel = workspace.im_with(users)
        if channel.id in known:
            return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}
    described = channel_json(workspace, channel) if arguments.flag("return_im") else {"id": channel.id}
    return {"channel": described}


@method("conversations.join", ["channels:join"], ["channel"])
def join(api: Api, arguments: Arguments) -> Json:
    workspace = api.workspace
    channel = workspace.channel(arguments.text("channel"))
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if workspace.app.bot_user_id in channel.members:
        warned = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {"channel": channel_json(workspace, channel), **warned}
    channel.members.append(workspace.app.bot_user_id)
    api.happenings.member_joined(channel, workspace.app.bot_user_id)
    return {"channel": channel_json(workspace, channel)}


@method("users.info", ["users:read"], ["user"], takes_json=False)
def user_info(api: Api, arguments: Arguments) -> Json:
    return {"user": user_json(api.workspace, api.workspace.user(arguments.text("user")))}


@method("users.list", ["users:read"], takes_json=False)
def list_users(api: Api, arguments: Arguments) -> Json:
    members = [one for one in api.workspace.users.values() if not one.is_stranger]
    rows, metadata = page([user_json(api.workspace, one) for one in members], arguments, 1000)
    return {"members": rows, "cache_ts": int(api.workspace.clock.now()), "response_metadata": metadata}


def _group_json(group: UserGroup, workspace: Workspace, with_users: bool) -> Json:
    described: Json = {
        "id": group.id,
        "team_id": workspace.team_id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "date_delete": 1 if group.disabled else 0,
        "user_count": len(group.users),
    }
    return {**described, "users": group.users} if with_users else described


@method("usergroups.list", ["usergroups:read"], takes_json=False)
def list_usergroups(api: Api, arguments: Arguments) -> Json:
    groups = [
        one for one in api.workspace.usergroups.values() if not one.disabled or arguments.flag("include_disabled")
    ]
    return {"usergroups": [_group_json(one, api.workspace, arguments.flag("include_users")) for one in groups]}


@method("usergroups.users.list", ["usergroups:read"], ["usergroup"], takes_json=False)
def list_usergroup_users(api: Api, arguments: Arguments) -> Json:
    group = api.workspace.usergroups.get(arguments.text("usergroup"))
    if group is None or (group.disabled and not arguments.flag("include_disabled")):
        raise SlackError("no_such_subteam")
    return {"users": group.users}


@method("reactions.add", ["reactions:write"], ["name"])
def add_reaction(api: Api, arguments: Arguments) -> Json:
    if not (arguments.text("channel") and arguments.text("timestamp")):
        raise SlackError("no_item_specified")
    channel = api.workspace.channel(arguments.text("channel"))
    if channel.is_archived:
        raise SlackError("is_archived")
    message = api.workspace.message(channel, arguments.text("timestamp"))
    name, bot = arguments.text("name").strip(":"), api.workspace.app.bot_user_id
    if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackError("invalid_name")
    api.happenings.react(channel, message, name, bot)
    return {}


@method("auth.test")
def auth_test(api: Api, arguments: Arguments) -> Json:
    workspace = api.workspace
    return {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "user": workspace.app.name,
        "team_id": workspace.team_id,
        "user_id": workspace.app.bot_user_id,
        "bot_id": workspace.app.bot_id,
        "is_enterprise_install": False,
    }


@method("auth.revoke", takes_json=False)
def auth_revoke(api: Api, arguments: Arguments) -> Json:
    if not arguments.flag("test"):
        api.workspace.app.revoked = True
    return {"revoked": not arguments.flag("test")}


@method("api.test", token="")
def api_test(api: Api, arguments: Arguments) -> Json:
    if arguments.text("error"):
        raise SlackError(arguments.text("error"), args=dict(arguments))
    return {"args": dict(arguments)}


@method("apps.connections.open", token="xapp")
def open_connection(api: Api, arguments: Arguments) -> Json:
    return {"url": api.sockets.new_url(api.base.replace("http", "ws", 1))}
