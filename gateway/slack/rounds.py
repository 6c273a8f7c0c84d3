"""What the review queue does by itself: open cards, remind, the morning's digest, the night's look for gaps."""

import asyncio
import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from hashlib import sha256

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from contracts.tables import now
from gateway.outbox import Outbox, Send
from gateway.slack import cards
from gateway.slack.address import CHANNEL
from gateway.slack.guard import ReviewChannel
from gateway.slack.sender import POST
from review.gaps import CLOSED, Gap, find_gaps, stored_gaps
from review.queue import Reviews
from review.settings import ReviewParams

log = logging.getLogger("frontdesk.gateway")

DIGEST_HOUR, GAPS_HOUR = 8, 3  # UTC


class Rounds:
    """Nothing is opened while the channel may not show it; it comes when it may again."""

    def __init__(
        self, engine: Engine, reviews: Reviews, params: ReviewParams, outbox: Outbox, channel: ReviewChannel
    ) -> None:
        self._engine, self._reviews, self._params = engine, reviews, params
        self._outbox, self._channel = outbox, channel
        self._digested: date | None = None
        self._searched: date | None = None

    async def run(self, seconds: float) -> None:
        """A round every `seconds` until cancelled."""
        while True:
            try:
                if await self._channel.shut() is None:
                    await self.once(now())
            except SQLAlchemyError as error:
                log.error("the review queue can't be read: %s", type(error).__name__)
            except Exception:
                log.exception("the review queue stumbled")
            await asyncio.sleep(seconds)

    async def once(self, at: datetime) -> None:
        await asyncio.to_thread(self._look, at)
        self._outbox.wake()
        # What was sent before is known by its key, so that a restart repeats nothing.
        if at.hour >= GAPS_HOUR and self._searched != at.date():
            await self.show_gaps(at)
            self._searched = at.date()
        if at.hour >= DIGEST_HOUR and self._digested != at.date():
            await self._digest(at.date() - timedelta(days=1))
            self._digested = at.date()

    def _look(self, at: datetime) -> None:
        self._reviews.look(at)
        self._reviews.lapse(at)
        self._reviews.to_remind(at)
        self._reviews.to_escalate(at)

    async def _digest(self, day: date) -> None:
        found = await asyncio.to_thread(self._reviews.digest, day)
        if not (found.opened or found.decided or found.open):
            return  # nothing happened, and nothing waits
        text, blocks = cards.digest(found)
        payload = {"channel": self._channel.id, "text": text, "blocks": blocks}
        await self._outbox.put([Send(CHANNEL, "digest", f"digest:{day}", POST, payload)])

    async def show_gaps(self, at: datetime) -> None:
        """Run the radar; a new gap gets a card, a known one is brought up to date where it stands."""
        await asyncio.to_thread(find_gaps, self._engine, self._params, at)
        for gap in await self._read(_all_gaps):
            await self.show_gap(gap)

    async def show_gap(self, gap: Gap) -> None:
        line = f"gap-card:{gap.id}"
        shown = await self._outbox.knows(line)
        if gap.state == CLOSED and not shown:
            return
        text, blocks = cards.gap(gap)
        payload = {"channel": self._channel.id, "text": text, "blocks": blocks, "unfurl_links": False}
        version = sha256(repr(gap).encode()).hexdigest()[:16]
        again = Send(CHANNEL, line, f"{line}:{version}", POST, {**payload, "replaces": line})
        await self._outbox.put([again if shown else Send(CHANNEL, line, line, POST, payload)])

    async def _read(self, work: Callable[[Engine], list[Gap]]) -> list[Gap]:
        return await asyncio.to_thread(work, self._engine)


def _all_gaps(engine: Engine) -> list[Gap]:
    with engine.connect() as connection:
        return stored_gaps(connection)
