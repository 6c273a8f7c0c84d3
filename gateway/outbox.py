"""What goes out to a channel that isn't ours: kept in the database until it is sent, once, in order within a line.

The row is written in the transaction that ends the turn. One attempt at a time in each line: it is counted before it
begins, so that after a crash the sender knows that it may have arrived already and looks before it sends again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from prometheus_client import Counter, Gauge
from sqlalchemy import Connection, Engine, and_, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from contracts.tables import Base, OutboxRow, now

log = logging.getLogger("frontdesk.gateway")

SENT = Counter("frontdesk_outbox_sent_total", "What was sent to a channel", ["channel", "method"])
PUT_OFF = Counter("frontdesk_outbox_put_off_total", "Attempts that failed for now", ["channel", "cause"])
DEAD = Counter("frontdesk_outbox_dead_total", "What can't be sent any more", ["channel", "cause"])
WAITING = Gauge("frontdesk_outbox_waiting", "What is still to be sent")

OUTBOX = Base.metadata.tables[OutboxRow.__tablename__]
AT_ONCE = 16
IDLE_SECONDS = 5.0
DATABASE_AWAY_SECONDS = 1.0
KEPT = timedelta(days=90)
FORGET_EVERY_SECONDS = 3600.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class Send:
    """Something to send. `line`: what must keep its order. `key`: the same one is sent once."""

    channel: str
    line: str
    key: str
    method: str
    payload: dict[str, Any]

    def row(self) -> dict[str, Any]:
        return {
            "channel": self.channel, "line": self.line, "key": self.key, "method": self.method,
            "payload": self.payload, "state": "waiting", "attempts": 0, "next_at": now(), "created_at": now(),
        }  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A row to be sent. `attempts`: how many were begun before; after the first it may have arrived already."""

    id: int
    send: Send
    attempts: int
    created_at: datetime


class SendLaterError(Exception):
    """Not now: try again after `seconds`."""

    def __init__(self, seconds: float, cause: str) -> None:
        super().__init__(cause)
        self.seconds, self.cause = seconds, cause


class SendNeverError(Exception):
    """It can't be sent, now or later."""


class Sender(Protocol):
    async def send(self, entry: Entry) -> dict[str, Any]:
        """Returns what is kept of the reply. Raises SendLaterError or SendNeverError."""


class Outbox:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._senders: dict[str, Sender] = {}
        self._bell = asyncio.Event()
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._forget_at = 0.0

    def serve(self, channel: str, sender: Sender) -> None:
        self._senders[channel] = sender

    def wake(self) -> None:
        """Something was written into the table."""
        self._bell.set()

    async def put(self, sends: Sequence[Send]) -> None:
        """Raises SQLAlchemyError. What has been put in before is left as it is."""
        for send in sends:
            try:
                await self._run(partial(_insert, send))
            except IntegrityError:
                log.debug("outbox: %s is there already", send.key)
        self.wake()

    async def result_of(self, key: str) -> dict[str, Any] | None:
        """What came back for a send; None while it isn't sent."""
        found = select(OUTBOX.c.result).where(OUTBOX.c.key == key, OUTBOX.c.state == "sent")
        return await self._run(lambda connection: connection.scalar(found))

    async def try_again(self, channel: str, errors: Collection[str]) -> None:
        """Whoever had to mend something has done so: what waited for that is due."""
        waiting = OUTBOX.c.channel == channel, OUTBOX.c.state == "waiting", OUTBOX.c.error.in_(errors)
        due = update(OUTBOX).where(*waiting).values(next_at=now())
        await self._run(lambda connection: connection.execute(due))
        self.wake()

    async def knows(self, key: str) -> bool:
        """Whether it was put in, sent or not."""
        found = select(OUTBOX.c.id).where(OUTBOX.c.key == key)
        return await self._run(lambda connection: connection.scalar(found)) is not None

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._bell.clear()
            try:
                await self._forget_old()
                pause = await self._look()
            except SQLAlchemyError as error:
                log.error("the outbox can't be read: %s", type(error).__name__)
                pause = DATABASE_AWAY_SECONDS
            try:
                async with asyncio.timeout(pause):
                    await self._bell.wait()
            except TimeoutError:
                pass

    async def close(self) -> None:
        tasks = list(self._sending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _forget_old(self) -> None:
        """Once an hour. A card that is older can't be brought up to date any more."""
        if time.monotonic() < self._forget_at:
            return
        self._forget_at = time.monotonic() + FORGET_EVERY_SECONDS
        old = OUTBOX.c.state != "waiting", OUTBOX.c.created_at < now() - KEPT
        await self._run(lambda connection: connection.execute(delete(OUTBOX).where(*old)))

    async def _look(self) -> float:
        """Begin what is due; returns after how many seconds to look again."""
        room = AT_ONCE - len(self._sending)
        if room > 0:
            for entry in await self._run(lambda connection: _due(connection, set(self._senders), room + AT_ONCE)):
                if entry.send.line not in self._sending and len(self._sending) < AT_ONCE:
                    task = asyncio.create_task(self._send(entry))
                    self._sending[entry.send.line] = task
        next_at, waiting = await self._run(_next)
        WAITING.set(waiting)
        if next_at is None or self._sending:
            return IDLE_SECONDS  # whoever is done rings
        return min(max((next_at - now()).total_seconds(), 0.02), IDLE_SECONDS)

    async def _send(self, entry: Entry) -> None:
        try:
            if await self._run(lambda connection: _begin(connection, entry)):
                await self._attempt(entry)
        except SQLAlchemyError as error:
            log.error("outbox: %s could not be written down: %s", entry.send.key, type(error).__name__)
            await asyncio.sleep(DATABASE_AWAY_SECONDS)
        finally:
            del self._sending[entry.send.line]
            self.wake()

    async def _attempt(self, entry: Entry) -> None:
        channel = entry.send.channel
        try:
            result = await self._senders[channel].send(entry)
        except SendLaterError as later:
            PUT_OFF.labels(channel, later.cause).inc()
            log.warning("outbox: %s later: %s", entry.send.key, later.cause)
            await self._set(entry, next_at=now() + timedelta(seconds=later.seconds), error=later.cause)
        except SendNeverError as never:
            DEAD.labels(channel, str(never)).inc()
            log.error("outbox: %s can't be sent: %s", entry.send.key, never)
            await self._set(entry, state="dead", payload=None, error=str(never))
        except Exception:
            log.exception("outbox: %s failed", entry.send.key)
            PUT_OFF.labels(channel, "internal").inc()
            await self._set(entry, next_at=now() + timedelta(seconds=30), error="internal")
        else:
            SENT.labels(channel, entry.send.method).inc()
            # What was said stands in the history without personal data; it need not stand here with it.
            await self._set(entry, state="sent", payload=None, result=result, error=None, sent_at=now())

    async def _set(self, entry: Entry, **values: Any) -> None:
        await self._run(
            lambda connection: connection.execute(update(OUTBOX).where(OUTBOX.c.id == entry.id).values(**values))
        )

    async def _run(self, work: Callable[[Connection], Result]) -> Result:
        def transaction() -> Result:
            with self._engine.begin() as connection:
                return work(connection)

        return await asyncio.to_thread(transaction)


def _insert(send: Send, connection: Connection) -> None:
    connection.execute(insert(OUTBOX), send.row())


def _due(connection: Connection, channels: set[str], most: int) -> list[Entry]:
    """The first waiting row of each line, if its time has come."""
    earlier = OUTBOX.alias("earlier")
    blocked = exists().where(
        and_(earlier.c.line == OUTBOX.c.line, earlier.c.state == "waiting", earlier.c.id < OUTBOX.c.id)
    )
    rows = connection.execute(
        select(OUTBOX)
        .where(OUTBOX.c.state == "waiting", OUTBOX.c.next_at <= now(), OUTBOX.c.channel.in_(channels), ~blocked)
        .order_by(OUTBOX.c.id)
        .limit(most)
    )
    return [
        Entry(row.id, Send(row.channel, row.line, row.key, row.method, row.payload), row.attempts, row.created_at)
        for row in rows
    ]


def _next(connection: Connection) -> tuple[datetime | None, int]:
    """When the next row is due, and how many wait."""
    row = connection.execute(select(func.min(OUTBOX.c.next_at), func.count()).where(OUTBOX.c.state == "waiting")).one()
    return row[0], row[1]


def _begin(connection: Connection, entry: Entry) -> bool:
    """Count the attempt before it begins. False when somebody else has begun it."""
    unchanged = (
        OUTBOX.c.id == entry.id, OUTBOX.c.state == "waiting", OUTBOX.c.attempts == entry.attempts,
    )  # fmt: skip
    begun = connection.execute(update(OUTBOX).where(*unchanged).values(attempts=entry.attempts + 1))
    return bool(begun.rowcount)
