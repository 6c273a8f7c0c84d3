"""What stands between this machine and a working Slack app: `frontdesk doctor slack`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import yaml
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from gateway.settings import SlackSettings
from gateway.slack.calls import CALL_ERRORS, cause_of, web_client

MANIFEST = Path(__file__).parent / "manifest.yml"
CLOCK_SECONDS = 60
APP_PAGE = "the page of your app at api.slack.com/apps"


@dataclass(frozen=True)
class Finding:
    """`fine`: nothing to do. Otherwise `text` says what to do."""

    fine: bool
    text: str


def wanted_scopes() -> set[str]:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return set(manifest["oauth_config"]["scopes"]["bot"])


async def examine(config: SlackSettings) -> list[Finding]:
    """Every check that the settings allow, in the order in which one would mend them."""
    if not config.slack_bot_token:
        return [Finding(False, f"token: SLACK_BOT_TOKEN is missing; {APP_PAGE} shows it under “Install App”")]
    if not config.slack_bot_token.startswith("xoxb-"):
        return [Finding(False, f"token: SLACK_BOT_TOKEN isn't a bot token; take the one with xoxb- from {APP_PAGE}")]
    findings, client = [_way_in(config)], web_client(config)
    try:
        said = await client.auth_test()
    except CALL_ERRORS as error:
        return [*findings, Finding(False, _no_token(error))]
    findings.append(Finding(True, f"token: the bot {said['user']} in the workspace {said['team']} ({said['team_id']})"))
    findings += [_scopes(said.headers), _clock(said.headers)]
    if config.slack_app_token:
        findings.append(await _socket(client, config.slack_app_token))
    findings += [await _channel(client, channel, "staff channel") for channel in config.staff_channels]
    return [*findings, *await _review(client, config)]


def _way_in(config: SlackSettings) -> Finding:
    if config.slack_app_token:
        return Finding(True, "way in: Socket Mode (SLACK_APP_TOKEN)")
    if config.slack_signing_secret:
        return Finding(True, "way in: HTTP (SLACK_SIGNING_SECRET); Slack shows “Verified” beside the request URL")
    return Finding(
        False, f"way in: none; set SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode), both are on {APP_PAGE}"
    )


def _no_token(error: Exception) -> str:
    cause = cause_of(error)
    if isinstance(error, SlackApiError) and cause != "no_json" and not cause.startswith("status_"):
        return f"token: Slack refuses it ({cause}); install the app anew and put its token into SLACK_BOT_TOKEN"
    return f"token: Slack can't be reached ({cause}); look at this machine's network and at SLACK_API_URL"


def _scopes(headers: Mapping[str, Any]) -> Finding:
    granted = {scope.strip() for scope in _header(headers, "x-oauth-scopes").split(",")}
    missing = sorted(wanted_scopes() - granted)
    if missing:
        return Finding(
            False, f"scopes: {', '.join(missing)} missing; add them on {APP_PAGE}, “OAuth & Permissions”, and reinstall"
        )
    return Finding(True, f"scopes: all {len(wanted_scopes())} granted")


def _clock(headers: Mapping[str, Any]) -> Finding:
    """Slack's signatures are good for five minutes by our clock."""
    date = _header(headers, "date")
    if not date:
        return Finding(True, "clock: Slack didn't say what time it is")
    apart = abs(time.time() - parsedate_to_datetime(date).timestamp())
    if apart > CLOCK_SECONDS:
        return Finding(False, f"clock: {apart:.0f} s apart from Slack's; set this machine's clock, for example by NTP")
    return Finding(True, f"clock: {apart:.0f} s apart from Slack's")


async def _socket(client: AsyncWebClient, app_token: str) -> Finding:
    try:
        await client.apps_connections_open(app_token=app_token)
    except CALL_ERRORS as error:
        todo = f"make an app-level token with the scope connections:write on {APP_PAGE}"
        return Finding(False, f"Socket Mode: SLACK_APP_TOKEN doesn't open a socket ({cause_of(error)}); {todo}")
    return Finding(True, "Socket Mode: a socket can be opened")


async def _review(client: AsyncWebClient, config: SlackSettings) -> list[Finding]:
    """The review channel and who may do what there."""
    if not config.slack_review_channel:
        return [Finding(True, "review channel: none; SLACK_REVIEW_CHANNEL would name one")]
    findings = [await _channel(client, config.slack_review_channel, "review channel")]
    names = {"SLACK_REVIEWERS": config.reviewers, "SLACK_CORRECTORS": config.correctors,
             "SLACK_TAKE_OVER": config.take_over}  # fmt: skip
    if not config.reviewers:
        findings.append(Finding(True, "reviewers: every full member in the review channel; SLACK_REVIEWERS narrows it"))
    asked: set[str] = set()
    for name, groups in names.items():
        findings += [await _group(client, group, name) for group in groups if group not in asked]
        asked.update(groups)
    return findings


async def _channel(client: AsyncWebClient, id: str, what: str) -> Finding:
    """One in which only colleagues may read along."""
    try:
        about = (await client.conversations_info(channel=id))["channel"]
    except CALL_ERRORS as error:
        if cause_of(error) == "missing_scope":
            return Finding(False, f"{what} {id}: can't be looked at; grant the missing scopes first")
        return Finding(False, f"{what} {id}: {cause_of(error)}; is the id right? Then write /invite @Frontdesk there")
    name = f"{what} {id} (#{about.get('name')})"
    if about.get("is_archived"):
        return Finding(False, f"{name}: archived; unarchive it or take another one")
    if about.get("is_ext_shared") or about.get("is_pending_ext_shared"):
        return Finding(False, f"{name}: shared with another company; stop sharing it or take another one")
    if not about.get("is_private"):
        return Finding(False, f"{name}: public; make it private or take another one")
    if not about.get("is_member"):
        return Finding(False, f"{name}: the app isn't a member; write /invite @Frontdesk there")
    return Finding(True, f"{name}: private, not shared, the app is a member")


async def _group(client: AsyncWebClient, id: str, name: str) -> Finding:
    try:
        members = (await client.usergroups_users_list(usergroup=id))["users"]
    except CALL_ERRORS as error:
        if cause_of(error) == "missing_scope":
            return Finding(False, f"user group {id}: can't be looked at; grant the missing scopes first")
        return Finding(False, f"user group {id}: {cause_of(error)}; put the id of one (S0…) into {name}")
    if not members:
        return Finding(False, f"user group {id}: nobody is in it; add people to it, or put another one into {name}")
    return Finding(True, f"user group {id} ({name}): {len(members)} {'person' if len(members) == 1 else 'people'}")


def _header(headers: Mapping[str, Any], name: str) -> str:
    return str(next((value for key, value in headers.items() if key.lower() == name), ""))
