"""Sends to Slack what the outbox holds, once, whatever Slack says on the way."""

import asyncio
import time
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from gateway.outbox import MOST_FAILURES, Entry, Outbox, SendLaterError, SendNeverError
from gateway.slack.blocks import TEXT_CHARS, short
from gateway.slack.calls import CALL_ERRORS, LIMITED, cause_of, passes
from gateway.slack.guard import ReviewChannel

POST, UPDATE, EPHEMERAL = "chat.postMessage", "chat.update", "chat.postEphemeral"
EVENT_TYPE = "frontdesk"
LOOK_BACK_SECONDS = 60
PAGE = 200
KEPT = ("ts", "channel")
# Nothing that we say there will arrive; https://docs.slack.dev/reference/methods/chat.postMessage#errors
GONE = {"channel_not_found", "is_archived", "not_in_channel", "user_not_found", "cannot_dm_bot", "message_not_found",
        "cant_update_message", "thread_not_found", "cannot_reply_to_message", "restricted_action", "no_text",
        "msg_too_long", "is_inactive", "user_not_in_channel"}  # fmt: skip
BAD_BLOCKS = ("invalid_blocks", "msg_blocks_too_long", "msg_too_long")
# Somebody has to mend something first; until then it waits.
SHUT_OUT = {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
            "no_permission", "team_access_not_granted", "app_missing_action_url"}  # fmt: skip
SHUT_OUT_SECONDS = 60.0
SHUT_SECONDS = 10.0  # until the review channel is looked at again
LONGEST_SECONDS = 120.0


class SlackSender:
    """A post carries its outbox key as metadata. After an attempt whose end isn't known, the thread is searched for it
    before it is posted again; what only one person sees can't be searched for, and may come twice. A payload with
    `replaces` updates the message that was sent under that key; one with `in_thread_of` goes into its thread."""

    def __init__(self, client: AsyncWebClient, outbox: Outbox, review: ReviewChannel) -> None:
        self._client, self._outbox, self._review = client, outbox, review
        self._limited: dict[str, float] = {}  # Slack's channel → when it may be posted in again, a `time.monotonic()`

    async def send(self, entry: Entry) -> dict[str, Any]:
        method, payload = entry.send.method, dict(entry.send.payload)
        to_all = method != EPHEMERAL and payload.get("channel") == self._review.id
        if to_all and await self._review.shut() is not None:
            raise SendLaterError(SHUT_SECONDS, "review_channel_shut", refused=True)
        self._obey_limit(payload["channel"])
        parent = await self._sent_under(payload.pop("in_thread_of", None))
        if parent is not None:
            payload["thread_ts"] = parent["ts"]
        before = await self._sent_under(payload.pop("replaces", None))
        if before is not None:
            method, payload = UPDATE, {**_without_place(payload), "channel": before["channel"], "ts": before["ts"]}
        if method == POST:
            payload["metadata"] = {"event_type": EVENT_TYPE, "event_payload": {"key": entry.send.key}}
            if entry.attempts and (found := await self._call(entry, self._posted(entry, payload))):
                return {"ts": found, "channel": payload["channel"]}
        said = await self._call(entry, self._said(method, payload))
        return {name: said[name] for name in KEPT if name in said}

    def _obey_limit(self, channel: str) -> None:
        """Slack limits each channel: while it refuses one message there, no other is tried."""
        seconds = self._limited.get(channel, 0.0) - time.monotonic()
        if seconds > 0:
            raise SendLaterError(seconds, "ratelimited", refused=True)
        self._limited.pop(channel, None)

    async def _sent_under(self, key: str | None) -> dict[str, Any] | None:
        return None if key is None else await self._outbox.result_of(key)

    async def _said(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            response = await self._client.api_call(method, json=payload)
        except SlackApiError as error:
            if cause_of(error) not in BAD_BLOCKS:
                raise
            # A sentence without its buttons is better than silence.
            plain = {**payload, "text": short(payload["text"], TEXT_CHARS), "blocks": []}
            response = await self._client.api_call(method, json=plain)
        return dict(response.data) if isinstance(response.data, dict) else {}

    async def _posted(self, entry: Entry, payload: dict[str, Any]) -> str | None:
        """The `ts` of the message that an earlier attempt has posted after all."""
        oldest = str(entry.created_at.timestamp() - LOOK_BACK_SECONDS)
        where = {"channel": payload["channel"], "oldest": oldest, "limit": PAGE, "include_all_metadata": True}
        if "thread_ts" in payload:
            pages = await self._client.conversations_replies(ts=payload["thread_ts"], **where)
        else:
            pages = await self._client.conversations_history(**where)
        async for page in pages:
            for message in page.get("messages") or ():
                if (message.get("metadata") or {}).get("event_payload", {}).get("key") == entry.send.key:
                    return str(message["ts"])
        return None

    async def _call(self, entry: Entry, call: Any) -> Any:
        """Raises SendLaterError or SendNeverError for every way in which a call can fail."""
        pause = min(2.0 ** min(entry.attempts, 10), LONGEST_SECONDS)
        try:
            return await call
        except (*CALL_ERRORS, asyncio.IncompleteReadError) as error:
            cause = cause_of(error)
            if cause in LIMITED:
                seconds = _retry_after(error)
                self._limited[entry.send.payload["channel"]] = time.monotonic() + seconds
                raise SendLaterError(seconds, "ratelimited", refused=True) from error
            if cause in SHUT_OUT:
                raise SendLaterError(SHUT_OUT_SECONDS, cause, refused=True) from error
            if cause in GONE or (entry.attempts >= MOST_FAILURES and not passes(error)):
                raise SendNeverError(cause) from error
            raise SendLaterError(pause, cause) from error


def _without_place(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in ("channel", "thread_ts")}


def _retry_after(error: Exception) -> float:
    headers = error.response.headers if isinstance(error, SlackApiError) else {}
    try:
        return max(float(headers.get("Retry-After", 1)), 0.1)
    except ValueError:
        return 1.0
