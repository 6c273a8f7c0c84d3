"""Calling Slack: the client, what can go wrong, and what that is called."""

import json

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from gateway.settings import SlackSettings

CALL_SECONDS = 10
LIMITED = {"ratelimited", "rate_limited", "status_429"}
PASSING = {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "no_json", *LIMITED}
CALL_ERRORS = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError, json.JSONDecodeError)


def web_client(config: SlackSettings) -> AsyncWebClient:
    """Without the client's own retries: after a lost connection the outbox looks whether a post has arrived."""
    return AsyncWebClient(
        token=config.slack_bot_token, base_url=config.slack_api_url, timeout=CALL_SECONDS, retry_handlers=[]
    )


def cause_of(error: Exception) -> str:
    """Slack's name of the error; of an answer that isn't Slack's, its status; else the kind of the failure."""
    if not isinstance(error, SlackApiError):
        return type(error).__name__
    if isinstance(error.response, aiohttp.ClientResponse):  # JSON that couldn't be read
        return "no_json"
    data = error.response.data
    return str(data.get("error", "no_json")) if isinstance(data, dict) else f"status_{error.response.status_code}"


def passes(error: Exception) -> bool:
    """Whether the same call may succeed later, without anybody doing anything."""
    if not isinstance(error, SlackApiError):
        return True
    cause = cause_of(error)
    return cause in PASSING or cause.startswith("status_5")
