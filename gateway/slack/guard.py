"""The review channel must stay closed: cards tell what customers asked."""

import asyncio
import logging
import time

from prometheus_client import Gauge
from slack_sdk.web.async_client import AsyncWebClient

from gateway.slack.calls import CALL_ERRORS, cause_of

log = logging.getLogger("frontdesk.gateway")

STOPPED = Gauge("frontdesk_review_stopped", "1 while the review channel is public, shared or can't be looked at")
LOOK_SECONDS = 60.0


class ReviewChannel:
    """`id` is empty where there is no review. Looked at once a minute, and anew when Slack says that it has changed."""

    def __init__(self, client: AsyncWebClient, id: str) -> None:
        self._client, self.id = client, id
        self._why: str | None = None
        self._look_at = 0.0
        self._looking = asyncio.Lock()

    async def shut(self) -> str | None:
        """Why nothing of the review may be shown there now; None when all is well."""
        async with self._looking:
            if time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + LOOK_SECONDS
                before, self._why = self._why, await self._look()
                STOPPED.set(self._why is not None)
                if self._why is not None and self._why != before:
                    log.error("slack: no review cards: %s", self._why)
            return self._why

    def forget(self, channel: str) -> None:
        """A channel has changed."""
        if channel == self.id:
            self._look_at = 0.0

    async def _look(self) -> str | None:
        try:
            about = (await self._client.conversations_info(channel=self.id))["channel"]
        except CALL_ERRORS as error:
            self._look_at = time.monotonic() + 5
            return f"the review channel can't be looked at ({cause_of(error)})"
        if about.get("is_archived"):
            return "the review channel is archived"
        if about.get("is_ext_shared") or about.get("is_pending_ext_shared"):
            return "the review channel is shared with another company"
        return None if about.get("is_private") else "the review channel is public"
