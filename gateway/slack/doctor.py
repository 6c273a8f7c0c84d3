"""What stands between this machine and a working Slack app: `frontdesk doctor slack`."""

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from gateway.settings import Settings
from gateway.slack.service import web_client

MANIFEST = Path(__file__).parent / "manifest.yml"
CLOCK_SECONDS = 60
CALL_ERRORS = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True)
class Finding:
    """`fine`: nothing to do. Otherwise `text` says what to do."""

    fine: bool
    text: str


def wanted_scopes() -> set[str]:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return set(manifest["oauth_config"]["scopes"]["bot"])


async def examine(config: Settings) -> list[Finding]:
    """Every check that the settings allow, in the order in which one would mend them."""
    if not config.slack_bot_token:
        return [Finding(False, "SLACK_BOT_TOKEN is missing: Slack's page of your app shows it under “Install App”.")]
    findings = [_way_in(config)]
    client = web_client(config)
    try:
        said = await client.auth_test()
    except CALL_ERRORS as error:
        return [*findings, Finding(False, _no_token(error))]
    findings.append(Finding(True, f"token: the bot {said['user']} in the workspace {said['team']} ({said['team_id']})"))
    findings.append(_scopes(said.headers))
    findings.append(_clock(said.headers))
    findings += [await _channel(client, channel) for channel in config.staff_channels]
    if config.slack_app_token:
        findings.append(await _socket(client, config.slack_app_token))
    return findings


def _way_in(config: Settings) -> Finding:
    if config.slack_app_token:
        return Finding(True, "way in: Socket Mode (SLACK_APP_TOKEN)")
    return Finding(True, "way in: HTTP, requests are checked with SLACK_SIGNING_SECRET")


def _no_token(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        cause = error.response.get("error", "no answer")
        return f"Slack refuses the token ({cause}): install the app anew and put the new token into SLACK_BOT_TOKEN."
    return f"Slack can't be reached ({type(error).__name__}): look at the network and at SLACK_API_URL."


def _scopes(headers: Any) -> Finding:
    granted = {scope.strip() for scope in _header(headers, "x-oauth-scopes").split(",")}
    missing = sorted(wanted_scopes() - granted)
    if missing:
        return Finding(False, f"scopes: {', '.join(missing)} missing; add them to the app and install it anew")
    return Finding(True, f"scopes: all {len(wanted_scopes())} granted")


def _clock(headers: Any) -> Finding:
    """Slack's signatures are good for five minutes by our clock."""
    date = _header(headers, "date")
    if not date:
        return Finding(True, "clock: Slack didn't say what time it is")
    apart = abs(time.time() - parsedate_to_datetime(date).timestamp())
    if apart > CLOCK_SECONDS:
        return Finding(False, f"clock: {apart:.0f} s apart from Slack's; set this machine's clock (NTP)")
    return Finding(True, f"clock: {apart:.0f} s apart from Slack's")


async def _channel(client: AsyncWebClient, channel: str) -> Finding:
    try:
        about = (await client.conversations_info(channel=channel))["channel"]
    except CALL_ERRORS as error:
        cause = error.response.get("error", "no answer") if isinstance(error, SlackApiError) else type(error).__name__
        return Finding(False, f"channel {channel}: {cause}; is the id right, and is the app a member?")
    if about.get("is_ext_shared"):
        return Finding(False, f"channel {channel}: shared with another company: only public passages there")
    if not about.get("is_member"):
        return Finding(False, f"channel {channel}: the app isn't a member; write /invite @Frontdesk there")
    return Finding(True, f"channel {channel}: #{about.get('name')}")


async def _socket(client: AsyncWebClient, app_token: str) -> Finding:
    try:
        await client.apps_connections_open(app_token=app_token)
    except CALL_ERRORS as error:
        cause = error.response.get("error", "no answer") if isinstance(error, SlackApiError) else type(error).__name__
        return Finding(False, f"Socket Mode: {cause}; make an app-level token with connections:write")
    return Finding(True, "Socket Mode: a socket can be opened")


def _header(headers: Any, name: str) -> str:
    return str(next((value for key, value in headers.items() if key.lower() == name), ""))
