"""Who writes and where: what decides which passages may be shown. Remembered for some minutes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from contracts.wire import Audience
from gateway.slack.calls import CALL_ERRORS, cause_of

log = logging.getLogger("frontdesk.gateway")
KEPT_SECONDS = 300.0
MOST_KEPT = 10_000
AUDIENCE_SECONDS = 1.5  # of the three in which Slack wants its answer


class People:
    """Asks Slack. What can't be found out counts as a stranger's: only public passages."""

    def __init__(self, client: AsyncWebClient, team: str, internal_channels: Collection[str]) -> None:
        self._client, self._team, self._internal = client, team, frozenset(internal_channels)
        self._kept: dict[str, tuple[float, Any]] = {}

    async def audience(self, user: str, channel: str, kind: str) -> Audience:
        """Staff in a direct message, or in a channel that was named as one for staff, see internal passages too.

        Such a channel must be private and not shared, whatever the settings say.
        """
        if kind != "im" and channel not in self._internal:
            return Audience.PUBLIC
        try:
            async with asyncio.timeout(AUDIENCE_SECONDS):
                if kind != "im" and not await self._closed(channel):
                    return Audience.PUBLIC
                return Audience.INTERNAL if await self.is_staff(user) else Audience.PUBLIC
        except TimeoutError:
            log.warning("slack: it takes too long to look up who writes")
            return Audience.PUBLIC

    async def is_staff(self, user: str) -> bool:
        """A full member of our own workspace: no guest, no stranger from a shared channel, no bot."""
        found = await self._remembered(f"user:{user}", lambda: self._client.users_info(user=user))
        about = (found or {}).get("user") or {}
        outside = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")
        return about.get("team_id") == self._team and not any(about.get(flag) for flag in outside)

    async def may(self, user: str, groups: Collection[str]) -> bool:
        """Whether somebody of our staff is in one of the user groups; without groups all staff may."""
        if not await self.is_staff(user):
            return False
        if not groups:
            return True
        for group in groups:
            ask = partial(self._client.usergroups_users_list, usergroup=group)
            found = await self._remembered(f"group:{group}", ask)
            if user in ((found or {}).get("users") or ()):
                return True
        return False

    async def name(self, user: str) -> str:
        """What colleagues call them; some users have no name."""
        found = await self._remembered(f"user:{user}", lambda: self._client.users_info(user=user))
        about = (found or {}).get("user") or {}
        profile = about.get("profile") or {}
        return profile.get("display_name") or about.get("real_name") or about.get("name") or "A colleague"

    async def _closed(self, channel: str) -> bool:
        found = await self._remembered(f"channel:{channel}", lambda: self._client.conversations_info(channel=channel))
        about = (found or {}).get("channel") or {}
        shared = any(about.get(flag) for flag in ("is_ext_shared", "is_pending_ext_shared"))
        return bool(about.get("is_private")) and not shared

    def forget(self, channel: str) -> None:
        """A channel has changed."""
        self._kept.pop(f"channel:{channel}", None)

    async def _remembered(self, key: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        try:
            answer = (await ask()).data
        except CALL_ERRORS as error:
            log.warning("slack: %s can't be looked up: %s", key.partition(":")[0], cause_of(error))
            return None
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (time.monotonic() + KEPT_SECONDS, answer)
        return answer
