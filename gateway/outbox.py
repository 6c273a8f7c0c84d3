"""What goes out to a channel that isn't ours: kept in the database until it is sent, once, in order within a line.

The row is written in the transaction that ends the turn. One attempt at a time in each line, of all gateways on this
database: whoever begins one holds the row by moving its time on, again and again until the attempt is over. It is
counted before it begins, so that after a crash the sender knows that it may have arrived already and looks before it
sends again.
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
from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, exists, func, insert, select, update
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
HELD_SECONDS = 3.0
INTERNAL_SECONDS = 30.0
MOST_FAILURES = 10  # after that many, what nobody understands no longer keeps its line waiting
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
    """A row to be sent. `attempts`: how many were begun before of which it may have arrived."""

    id: int
    send: Send
    attempts: int
    created_at: datetime


class SendLaterError(Exception):
    """Not now: try again after `seconds`. `refused`: it has surely not arrived, so the attempt doesn't count."""

    def __init__(self, seconds: float, cause: str, refused: bool = False) -> None:
        super().__init__(cause)
        self.seconds, self.cause, self.refused = seconds, cause, refused


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
        next_at, waiting = await self._run(lambda connection: _next(connection, set(self._senders)))
        WAITING.set(waiting)
        if next_at is None or len(self._sending) >= AT_ONCE:
            return IDLE_SECONDS  # whoever is done rings
        return min(max((next_at - now()).total_seconds(), 0.02), IDLE_SECONDS)

    async def _send(self, entry: Entry) -> None:
        try:
            if await self._run(lambda connection: _begin(connection, entry)):
                holding = asyncio.create_task(self._hold(entry))
                try:
                    await self._attempt(entry)
                finally:
                    holding.cancel()
        except SQLAlchemyError as error:
            log.error("outbox: %s could not be written down: %s", entry.send.key, type(error).__name__)
            await asyncio.sleep(DATABASE_AWAY_SECONDS)
        finally:
            del self._sending[entry.send.line]
            self.wake()

    async def _hold(self, entry: Entry) -> None:
        while True:
            await asyncio.sleep(HELD_SECONDS / 3)
            try:
                await self._run(lambda connection: _hold(connection, entry))
            except SQLAlchemyError as error:
                log.error("outbox: %s could not be held: %s", entry.send.key, type(error).__name__)

    async def _attempt(self, entry: Entry) -> None:
        channel = entry.send.channel
        try:
            result = await self._senders[channel].send(entry)
        except SendLaterError as later:
            await self._put_off(entry, later)
        except SendNeverError as never:
            await self._give_up(entry, str(never))
        except Exception:
            log.exception("outbox: %s failed", entry.send.key)
            if entry.attempts < MOST_FAILURES:
                await self._put_off(entry, SendLaterError(INTERNAL_SECONDS, "internal"))
            else:
                await self._give_up(entry, "internal")
        else:
            SENT.labels(channel, entry.send.method).inc()
            # What was said stands in the history without personal data; it need not stand here with it.
            await self._set(entry, state="sent", payload=None, result=result, error=None, sent_at=now())

    async def _put_off(self, entry: Entry, later: SendLaterError) -> None:
        PUT_OFF.labels(entry.send.channel, later.cause).inc()
        log.warning("outbox: %s later: %s", entry.send.key, later.cause)
        attempts = entry.attempts if later.refused else entry.attempts + 1
        next_at = now() + timedelta(seconds=later.seconds)
        await self._set(entry, attempts=attempts, next_at=next_at, error=later.cause)

    async def _give_up(self, entry: Entry, cause: str) -> None:
        DEAD.labels(entry.send.channel, cause).inc()
        log.error("outbox: %s can't be sent: %s", entry.send.key, cause)
        await self._set(entry, state="dead", payload=None, error=cause)

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


def _firsts(channels: set[str]) -> ColumnElement[bool]:
    """The first waiting row of each line."""
    earlier = OUTBOX.alias("earlier")
    blocked = exists().where(
        and_(earlier.c.line == OUTBOX.c.line, earlier.c.state == "waiting", earlier.c.id < OUTBOX.c.id)
    )
    return and_(OUTBOX.c.state == "waiting", OUTBOX.c.channel.in_(channels), ~blocked)


def _due(connection: Connection, channels: set[str], most: int) -> list[Entry]:
    due = select(OUTBOX).where(_firsts(channels), OUTBOX.c.next_at <= now()).order_by(OUTBOX.c.id).limit(most)
    return [
        Entry(row.id, Send(row.channel, row.line, row.key, row.method, row.payload), row.attempts, row.created_at)
        for row in connection.execute(due)
    ]


def _next(connection: Connection, channels: set[str]) -> tuple[datetime | None, int]:
    """When the next row can be sent, and how many wait."""
    next_at = connection.scalar(select(func.min(OUTBOX.c.next_at)).where(_firsts(channels)))
    waiting = connection.scalar(select(func.count()).where(OUTBOX.c.state == "waiting"))
    return next_at, waiting or 0


def _begin(connection: Connection, entry: Entry) -> bool:
    """Count the attempt before it begins. False when somebody else has begun it."""
    unchanged = (
        OUTBOX.c.id == entry.id, OUTBOX.c.state == "waiting", OUTBOX.c.attempts == entry.attempts,
        OUTBOX.c.next_at <= now(),
    )  # fmt: skip
    begun = update(OUTBOX).where(*unchanged).values(attempts=entry.attempts + 1, next_at=_held_until(), error=None)
    return bool(connection.execute(begun).rowcount)


def _hold(connection: Connection, entry: Entry) -> None:
    """Nothing when the attempt is over meanwhile."""
    held_until = _held_until()
    held = (
        OUTBOX.c.id == entry.id, OUTBOX.c.state == "waiting", OUTBOX.c.attempts == entry.attempts + 1,
        OUTBOX.c.next_at < held_until,
    )  # fmt: skip
    connection.execute(update(OUTBOX).where(*held).values(next_at=held_until))


def _held_until() -> datetime:
    return now() + timedelta(seconds=HELD_SECONDS)
