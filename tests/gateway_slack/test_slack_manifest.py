"""The manifest asks for what the code needs, and for nothing else. All tests of this folder run with its scopes."""

import ast
from pathlib import Path

import tomllib

from gateway.slack import app
from gateway.slack.service import PATHS
from tests.fakes.slack.web_api import METHODS
from tests.gateway_slack.conftest import MANIFEST

ROOT = Path(__file__).parents[2]
CODE = sorted((ROOT / "gateway" / "slack").glob("*.py"))
CHANNELS = {"channels:read", "groups:read"}
# From Slack's reference of each method. It is never asked about a direct message what kind of place that is.
OF_METHODS: dict[str, set[str]] = {
    "apps.connections.open": set(),  # the app-level token's own
    "assistant.threads.setStatus": {"chat:write"},
    "assistant.threads.setSuggestedPrompts": {"assistant:write"},
    "auth.test": set(),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.info": CHANNELS,
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
}
OF_EVENTS: dict[str, set[str]] = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "app_uninstalled": set(),
    "assistant_thread_context_changed": {"assistant:write"},
    "assistant_thread_started": {"assistant:write"},
    "channel_shared": CHANNELS,
    "channel_unshared": CHANNELS,
    "group_archive": {"groups:read"},
    "group_deleted": {"groups:read"},
    "group_unarchive": {"groups:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "tokens_revoked": set(),
}
TOLD_AS_MESSAGES = {"channel_convert_to_private", "channel_convert_to_public"}
ASKED_FOR_BY_SLACK = {"assistant_thread_context_changed"}


def called() -> set[str]:
    """The methods that the code names, as `client.views_open(…)` or as "chat.postMessage"."""
    names: set[str] = set()
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                names.add(node.attr.replace("_", "."))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return names & set(METHODS)


def events() -> set[str]:
    return set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])


def test_every_call_is_in_the_table() -> None:
    assert called() == set(OF_METHODS)


def test_every_event_is_in_the_table() -> None:
    assert events() == set(OF_EVENTS)


def test_every_event_is_heard_and_every_heard_one_is_asked_for() -> None:
    messages = {f"message.{kind}" for kind in ("channels", "groups", "im")}
    heard = {"app_home_opened", "app_mention", "assistant_thread_started", *app.SHUT_OUT, *app.CHANGES, *messages}
    assert events() == heard - TOLD_AS_MESSAGES | ASKED_FOR_BY_SLACK


def test_no_scope_is_missing_and_none_is_superfluous() -> None:
    needed = {"commands"}.union(*OF_METHODS.values(), *OF_EVENTS.values())
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed


def test_the_addresses_are_those_of_the_gateway() -> None:
    settings = MANIFEST["settings"]
    (command,) = MANIFEST["features"]["slash_commands"]
    parts = (settings["event_subscriptions"], settings["interactivity"])
    assert {*(part["request_url"] for part in parts), command["url"]} == {
        f"https://chat.example.com{path}" for path in PATHS
    }


def test_the_manifest_is_installed_with_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "*.yml" in project["tool"]["setuptools"]["package-data"]["*"]
