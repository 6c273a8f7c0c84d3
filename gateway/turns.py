"""One turn: message in, exactly one reply out, in order within a conversation, whatever fails on the way."""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from prometheus_client import Counter as Metric
from prometheus_client import Histogram

from contracts.errors import Busy, FrontdeskError
from contracts.wire import Audience, Button, ChatReply
from gateway import phrases
from gateway.message import CleanMessage, MessageReader
from gateway.rasa import RasaClient, RasaReply
from gateway.record import AnswerLog
from gateway.sessions import QuickReplies

log = logging.getLogger("frontdesk.gateway")

TURNS = Metric("frontdesk_turns_total", "Turns by how they ended", ["status", "decision"])
LATENCY = Histogram(
    "assistant_latency_seconds", "From the customer's message to the reply",
    buckets=(0.02, 0.05, 0.07, 0.1, 0.15, 0.25, 0.5, 1, 1.5, 2.5, 5, 10),
)  # fmt: skip


class Turns:
    """Answers messages. At most `at_once` turns run; at most `waiting` of one conversation stand in line."""

    def __init__(
        self,
        rasa: RasaClient,
        answers: AnswerLog,
        reader: MessageReader,
        buttons: QuickReplies,
        seconds: float,
        at_once: int,
        waiting: int,
    ) -> None:
        self._rasa, self._answers, self._reader, self._buttons = rasa, answers, reader, buttons
        self._seconds, self._at_once, self._waiting = seconds, at_once, waiting
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._in_line: Counter[str] = Counter()

    async def answer(
        self, conversation: str, raw: str, channel: str, audience: Audience, button: str | None = None
    ) -> ChatReply:
        """Raises BadRequest for a message that can't be one, Busy when it was not taken in.

        `button`: the token of a pressed button; one that isn't ours is ignored and the text counts.
        """
        message = self._reader.read(raw)
        payload = self._buttons.read(conversation, button) if button else None
        if payload:
            message = CleanMessage(message.text, for_rasa=payload)
        started = time.perf_counter()
        async with self._place(conversation):
            reply = await self._turn(conversation, message, audience, started)
            await self._answers.write(conversation, channel, message.text, reply)
        LATENCY.observe(reply.total_ms / 1000)
        TURNS.labels(reply.status, reply.evidence.decision if reply.evidence else "none").inc()
        return reply

    @asynccontextmanager
    async def _place(self, conversation: str) -> AsyncIterator[None]:
        """A place in the line of this conversation and of the process."""
        if self._in_line.total() >= self._at_once:
            raise Busy(phrases.BUSY, retry_after=2)
        if self._in_line[conversation] >= self._waiting:
            raise Busy(phrases.TOO_MANY, retry_after=2)
        self._in_line[conversation] += 1
        lock = self._locks.setdefault(conversation, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            self._in_line[conversation] -= 1
            if not self._in_line[conversation]:
                del self._in_line[conversation]

    async def _turn(self, conversation: str, message: CleanMessage, audience: Audience, started: float) -> ChatReply:
        turn = f"t-{secrets.token_hex(6)}"
        try:
            said = await self._say(conversation, message, turn, audience, started)
            return ChatReply(
                turn_id=turn, text=said.text, status=said.status, evidence=said.evidence,
                buttons=self._signed(conversation, said), total_ms=_ms_since(started),
            )  # fmt: skip
        except FrontdeskError as error:
            log.warning("turn=%s failed: %s", turn, error)
            code = error.code
        except Exception:
            log.exception("turn=%s failed", turn)
            code = "internal"
        text = phrases.FAILED.get(code, phrases.FAILED["internal"]).format(turn=turn)
        return ChatReply(turn_id=turn, text=text, status=code, total_ms=_ms_since(started))

    def _signed(self, conversation: str, said: RasaReply) -> tuple[Button, ...]:
        return tuple(
            Button(title=b.title, token=self._buttons.sign(conversation, b.payload or b.title)) for b in said.buttons
        )

    async def _say(
        self, conversation: str, message: CleanMessage, turn: str, audience: Audience, started: float
    ) -> RasaReply:
        if message.reply is not None:
            return RasaReply(text=message.reply, buttons=(), evidence=None, status="answered")
        seconds = self._seconds - (time.perf_counter() - started)
        return await self._rasa.send(conversation, message.for_rasa, turn, audience.value, max(seconds, 0.05))


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
