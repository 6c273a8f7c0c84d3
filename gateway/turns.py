"""One turn: what was said in, exactly one reply out, in order within a conversation, whatever fails on the way.

A message is written to the inbox before it is taken for received, and answered by the one worker of its conversation:

    take_in ─► inbox ─► worker: wait for the rest of a burst ─► claim a turn ─► Rasa ─► finish: reply and evidence, one
                                                                                transaction ─► events

After a restart `recover` puts what is still in the inbox back in line, under the turn that was claimed for it.
A database that fails costs the record and never the reply.
"""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, repeat
from typing import Any, Protocol

from prometheus_client import Counter, Histogram
from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import Busy, DeadlinePassed, FrontdeskError, TooMany
from contracts.redaction import redact
from contracts.tables import AnswerRow, now
from contracts.wire import Audience, Button, ChatReply, Evidence
from gateway import phrases
from gateway.chat_models import Form, FormField, Message, PersonState, SourceLink, Thinking
from gateway.conversations import WAITING, Claim, Conversations, Kept, NewMessage, Standing, Unanswered
from gateway.events import Event, Events
from gateway.outbox import Send
from gateway.rasa import RasaClient, RasaForm, RasaReply
from gateway.sessions import Offer, Offers

log = logging.getLogger("frontdesk.gateway")

TURNS = Counter("frontdesk_turns_total", "Turns by how they ended", ["status", "decision"])
BURSTS = Counter("frontdesk_messages_joined_total", "Messages that were answered together with the one before")
RECOVERED = Counter("frontdesk_messages_recovered_total", "Messages that a restart found unanswered in the inbox")
NOT_STORED = Counter("frontdesk_not_stored_total", "What the database could not keep", ["what", "cause"])
LATENCY = Histogram(
    "assistant_latency_seconds", "From the customer's message to the reply",
    buckets=(0.02, 0.05, 0.07, 0.1, 0.15, 0.25, 0.5, 1, 1.5, 2.5, 5, 10),
)  # fmt: skip
TALK_TO_PERSON = "/talk_to_person"
CLAIM_STANDS_SECONDS = 0.2
STORE_AGAIN_SECONDS = (1, 2, 5, 15, 30, 60)


@dataclass(frozen=True)
class Incoming:
    """A customer's message as the door takes it. `reply`: what to say without any dialogue. `short`: see `_burst`.

    `replaces`: the key of the message that this one is the edited form of; its reply takes the place of that one's.
    """

    conversation: str
    channel: str
    audience: Audience
    key: str
    text: str
    for_rasa: str
    reply: str | None = None
    short: bool = False
    offer: Offer | None = None
    replaces: str | None = None

    def replacing(self, key: str | None) -> "Incoming":
        """An edited message is whole, and answered by itself."""
        return self if key is None else replace(self, replaces=key, short=False)


class Outlet(Protocol):
    """How the replies of a channel leave that doesn't fetch them itself."""

    def sends(self, conversation: str, message: Message, replaced: str | None) -> Sequence[Send]:
        """What the reply `message` is, to be kept with the end of the turn.

        `replaced`: the turn whose reply it takes the place of.
        """

    def thinking(self, conversation: str) -> None:
        """A turn has begun. Must not wait."""

    def stored(self) -> None:
        """What `sends` gave is in the outbox."""


@dataclass
class InLine:
    """A message that waits for its turn. `since`: a `time.monotonic()` value. `standing`: as it was then, for a message
    that came with its turn claimed."""

    message: Incoming
    id: int | None
    at: datetime
    since: float
    turn: str | None = None
    standing: Standing | None = None
    reply: "asyncio.Future[ChatReply]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


@dataclass
class Line:
    """The messages of one conversation that wait, and the bell that tells its worker of a new one."""

    waiting: deque[InLine] = field(default_factory=deque)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    worker: "asyncio.Task[None] | None" = None


@dataclass(frozen=True)
class Limits:
    """`seconds`: deadline of a turn. `burst_seconds`: how long short messages wait for the rest."""

    seconds: float
    burst_seconds: float
    at_once: int
    waiting_in_all: int
    waiting_per_conversation: int


class Turns:
    def __init__(
        self,
        rasa: RasaClient,
        conversations: Conversations,
        events: Events,
        offers: Offers,
        limits: Limits,
        outlets: Mapping[str, Outlet] | None = None,
    ) -> None:
        self._rasa, self._conversations, self._events, self._offers = rasa, conversations, events, offers
        self._limits, self._outlets = limits, outlets or {}
        self._lines: dict[str, Line] = {}
        self._waited_for = 0  # messages in line of channels where somebody waits for the reply
        self._running = asyncio.Semaphore(limits.at_once)
        # Who will be told whenever it is ready must not keep those waiting who look at the page.
        self._running_for_outlets = asyncio.Semaphore(max(limits.at_once // 2, 1))
        self._background: set[asyncio.Task[None]] = set()

    # --- in

    async def take_in(self, message: Incoming, durable: bool = False) -> InLine:
        """Keep the message and put it in line. Raises Busy or TooMany when it was not taken, Used for an old form.

        A message with a known key is not asked again: its `reply` is that of the first time. `durable`: whoever sent it
        will send it again, so raise SQLAlchemyError when it can't be kept; and nobody waits for the reply, so that any
        number may stand in line.
        """
        self._check_room(message.conversation, durable)
        # Nothing to wait for: the turn is claimed along with the message.
        turn = None if message.short or message.conversation in self._lines else _new_turn()
        try:
            kept = await self._conversations.take_in(_for_inbox(message), turn)
        except SQLAlchemyError as error:
            NOT_STORED.labels("message", type(error).__name__).inc()
            log.error("a message could not be kept: %s", type(error).__name__)
            if durable:
                raise
            kept = None
        if kept is not None and kept.again:
            return await self._known(message, kept)
        if kept is None:
            return self._line_up(InLine(message, None, now(), time.monotonic()))
        standing = kept.standing if turn else None
        return self._line_up(InLine(message, kept.id, kept.at, time.monotonic(), turn, standing))

    async def recover(self) -> int:
        """Put what is in the inbox back in line; returns how many."""
        found = await self._conversations.unanswered()
        for row in found:
            self._line_up(InLine(_from_inbox(row), row.id, row.at, time.monotonic(), turn=row.turn_id))
        RECOVERED.inc(len(found))
        return len(found)

    async def close(self) -> None:
        """Stop; what is unanswered stays in the inbox."""
        tasks = [line.worker for line in self._lines.values() if line.worker is not None] + list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_waited_for(self, one: InLine) -> bool:
        return one.message.channel not in self._outlets

    def _check_room(self, conversation: str, durable: bool) -> None:
        if durable:
            return
        if self._waited_for >= self._limits.waiting_in_all:
            raise Busy(phrases.BUSY, retry_after=2)
        line = self._lines.get(conversation)
        if line is not None and len(line.waiting) >= self._limits.waiting_per_conversation:
            raise TooMany(phrases.TOO_MANY, retry_after=2)

    def _line_up(self, one: InLine) -> InLine:
        conversation = one.message.conversation
        line = self._lines.setdefault(conversation, Line())
        if one.id is not None and any(other.id == one.id for other in line.waiting):
            return next(other for other in line.waiting if other.id == one.id)
        line.waiting.append(one)
        self._waited_for += self._is_waited_for(one)
        line.bell.set()
        if line.worker is None:
            line.worker = asyncio.create_task(self._work(conversation, line))
        self._events.publish(conversation, Event("received", _received(one), one.id))
        return one

    async def _known(self, message: Incoming, kept: Kept) -> InLine:
        """A message that came before: where it stands in line, or with the reply that it got."""
        line = self._lines.get(message.conversation)
        for one in line.waiting if line else ():
            if one.id == kept.id:
                return one
        kept = await self._conversations.take_in(_for_inbox(message))  # its turn may have ended in between
        one = InLine(message, kept.id, kept.at, time.monotonic(), turn=kept.turn_id)
        if kept.state == WAITING:  # left by an earlier run
            return self._line_up(one)
        answer = await self._conversations.answer_of(kept.turn_id) if kept.turn_id else None
        person = kept.standing.person
        one.reply.set_result(_stored_reply(answer) if answer else _with_person(person.name if person else None))
        return one

    # --- the worker of a conversation

    async def _work(self, conversation: str, line: Line) -> None:
        try:
            while line.waiting:
                burst = await self._burst(line)
                outlet = burst[0].message.channel in self._outlets
                async with self._running_for_outlets if outlet else self._running:
                    reply = await self._turn_or_failure(conversation, burst)
                for one in burst:
                    line.waiting.popleft()
                    self._waited_for -= self._is_waited_for(one)
                    if not one.reply.done():
                        one.reply.set_result(reply)
        finally:
            if self._lines.get(conversation) is line:
                del self._lines[conversation]

    async def _burst(self, line: Line) -> list[InLine]:
        """The messages to answer together: short ones within `burst_seconds`, up to the first that is not short."""
        first = line.waiting[0]
        if first.turn is not None:  # found after a restart: exactly those that this turn had
            return [one for one in line.waiting if one.turn == first.turn]
        ends = first.since + self._limits.burst_seconds
        while first.message.short and all(one.message.short for one in line.waiting) and time.monotonic() < ends:
            line.bell.clear()
            try:
                async with asyncio.timeout(ends - time.monotonic()):
                    await line.bell.wait()
            except TimeoutError:
                break
        return _joined(line.waiting, ends)

    async def _turn_or_failure(self, conversation: str, burst: Sequence[InLine]) -> ChatReply:
        """A turn that breaks must not keep the next ones from being answered; it stays in the inbox."""
        try:
            return await self._turn(conversation, burst)
        except Exception:
            turn = burst[0].turn or "none"
            log.exception("turn=%s broke", turn)
            return ChatReply(turn_id=turn, text=phrases.FAILED["internal"].format(turn=turn), status="internal")

    async def _turn(self, conversation: str, burst: Sequence[InLine]) -> ChatReply:
        """Claim, ask, keep, tell."""
        turn = burst[0].turn or _new_turn()
        claim = await self._claim(conversation, burst, turn)
        burst = [one for one in burst if one.id is None or one.id in claim.ids]
        if not burst:
            return await self._answered(turn)
        ids = [one.id for one in burst if one.id is not None]
        person = claim.standing.person
        if person is not None and person.state == "joined" and ids:
            return await self._pass_on(conversation, ids, person)
        self._events.publish(conversation, Event("thinking", Thinking(turn_id=turn)))
        outlet = self._outlets.get(burst[0].message.channel)
        if outlet is not None:
            outlet.thinking(conversation)
        started = burst[-1].since
        # Where nobody waits for the reply, what counts is how long it takes, not how long it stood in line.
        begun = started if outlet is None else time.monotonic()
        said = await self._ask(conversation, burst, turn, claim.standing, begun)
        if said.status != "answered" and said.form is None:
            said = said.model_copy(update={"form": await self._form_again(conversation, burst[0].message)})
        message, reply = self._reply(conversation, turn, said, started)
        said_in = [redact(one.message.text) for one in burst]
        answered = {one.id: text for one, text in zip(burst, said_in, strict=True) if one.id is not None}
        evidence = _evidence(conversation, burst[0].message.channel, "\n".join(said_in), reply)
        sends = outlet.sends(conversation, message, await self._replaced(burst[0].message)) if outlet else ()
        id = await self._finish(answered, evidence, _content(message), sends)
        if outlet is not None:
            outlet.stored()
        self._tell(conversation, message.model_copy(update={"id": id}))
        if said.person == "asked":
            await self._person_asked(conversation)
        LATENCY.observe(reply.total_ms / 1000)
        TURNS.labels(reply.status, reply.evidence.decision if reply.evidence else "none").inc()
        BURSTS.inc(len(burst) - 1)
        return reply

    async def _ask(
        self, conversation: str, burst: Sequence[InLine], turn: str, standing: Standing, begun: float
    ) -> RasaReply:
        """What there is to say: from the dialogue, or why there is nothing from it."""
        first = burst[0].message
        if first.reply is not None:
            return RasaReply(text=first.reply)
        if first.for_rasa == TALK_TO_PERSON and standing.person is not None:  # pressed twice
            return RasaReply(text=phrases.ASKED_ALREADY)
        words = " ".join(one.message.for_rasa for one in burst)
        audience = burst[0].message.audience.value
        try:
            seconds = self._limits.seconds - (time.monotonic() - begun)
            if seconds <= 0:
                raise DeadlinePassed("The turn's time passed while it stood in line.")
            if standing.rasa_paused:
                await self._rasa.set_paused(conversation, False, seconds)
            return await self._rasa.send(conversation, words, turn, audience, seconds, standing.email)
        except FrontdeskError as error:
            log.warning("turn=%s failed: %s", turn, error)
            code = error.code
        except Exception:
            log.exception("turn=%s failed", turn)
            code = "internal"
        text = phrases.FAILED.get(code, phrases.FAILED["internal"]).format(turn=turn)
        return RasaReply(text=text, status=code)

    async def _replaced(self, message: Incoming) -> str | None:
        """The turn of the message that this one is the edited form of. It is over: a conversation has one worker."""
        if message.replaces is None:
            return None
        try:
            return await self._conversations.turn_of(message.conversation, message.replaces) or None
        except SQLAlchemyError:
            return None

    async def _form_again(self, conversation: str, message: Incoming) -> RasaForm | None:
        """The form whose values this turn could not deliver, to be sent once more."""
        if message.offer is None or not isinstance(message.offer.content, dict):
            return None
        try:
            form = await self._conversations.last_form(conversation)
        except SQLAlchemyError:
            return None
        if form is None or {field.name for field in form.fields} != set(message.offer.content["fields"]):
            return None
        fields = tuple(field.model_copy(update={"error": None}) for field in form.fields)
        shown = form.model_dump(exclude={"token", "fields"})
        return RasaForm(**shown, fields=fields, intent=message.offer.content["intent"])

    def _reply(self, conversation: str, turn: str, said: RasaReply, started: float) -> tuple[Message, ChatReply]:
        buttons = tuple(
            Button(title=button.title, token=self._offers.sign(conversation, button.payload or button.title))
            for button in said.buttons
        )
        reply = ChatReply(
            turn_id=turn, text=said.text, status=said.status, evidence=said.evidence, buttons=buttons,
            total_ms=round((time.monotonic() - started) * 1000, 1),
        )  # fmt: skip
        evidence = said.evidence
        sources = evidence.sources if evidence else ()
        message = Message(
            id=None, author="assistant", text=said.text, at=now(), turn_id=turn, status=said.status, buttons=buttons,
            decision=evidence.decision if evidence else None, form=self._form(conversation, said.form),
            sources=tuple(SourceLink(title=s.title, url=s.url, updated_at=s.updated_at) for s in sources),
        )  # fmt: skip
        return message, reply

    def _form(self, conversation: str, form: RasaForm | None) -> Form | None:
        if form is None:
            return None
        names = [field.name for field in form.fields]
        token = self._offers.sign(conversation, {"intent": form.intent, "fields": names})
        return Form(**form.model_dump(exclude={"intent"}), token=token)

    def _tell(self, conversation: str, message: Message) -> None:
        kind = "reply" if message.status == "answered" else "error"
        self._events.publish(conversation, Event(kind, message, message.id))

    # --- the database, which may fail

    async def _claim(self, conversation: str, burst: Sequence[InLine], turn: str) -> Claim:
        first, ids = burst[0], frozenset(one.id for one in burst if one.id is not None)
        if first.standing is not None and time.monotonic() - first.since < CLAIM_STANDS_SECONDS:
            return Claim(first.standing, ids)
        try:
            return await self._conversations.claim(conversation, tuple(ids), turn) if ids else Claim(Standing(), ids)
        except SQLAlchemyError as error:
            NOT_STORED.labels("claim", type(error).__name__).inc()
            return Claim(Standing(), ids)

    async def _answered(self, turn: str) -> ChatReply:
        """The reply of a turn that was over before it stood in line again."""
        try:
            answer = await self._conversations.answer_of(turn)
        except SQLAlchemyError:
            answer = None
        return _stored_reply(answer) if answer else _with_person(None)

    async def _finish(
        self, answered: Mapping[int, str], answer: Mapping[str, Any], content: Mapping[str, Any], sends: Sequence[Send]
    ) -> int | None:
        try:
            return await self._conversations.finish(answered, answer, content, sends)
        except SQLAlchemyError as error:
            NOT_STORED.labels("answer", type(error).__name__).inc()
            log.error("turn=%s answered but not stored: %s", answer["turn_id"], type(error).__name__)
        if answered:  # the inbox still holds what was answered; a restart must not find it there
            task = asyncio.create_task(self._finish_later(answered, answer, content, sends))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
        return None

    async def _finish_later(
        self, answered: Mapping[int, str], answer: Mapping[str, Any], content: Mapping[str, Any], sends: Sequence[Send]
    ) -> None:
        for seconds in chain(STORE_AGAIN_SECONDS, repeat(STORE_AGAIN_SECONDS[-1])):
            await asyncio.sleep(seconds)
            try:
                await self._conversations.finish(answered, answer, content, sends)
                break
            except SQLAlchemyError as error:
                NOT_STORED.labels("answer", type(error).__name__).inc()
        outlet = self._outlets.get(answer["channel"])
        if outlet is not None:
            outlet.stored()

    async def _pass_on(self, conversation: str, ids: Sequence[int], person: PersonState) -> ChatReply:
        try:
            await self._conversations.pass_on(conversation, ids)
        except SQLAlchemyError as error:
            NOT_STORED.labels("pass_on", type(error).__name__).inc()
        TURNS.labels("with_person", "none").inc()
        return _with_person(person.name)

    async def _person_asked(self, conversation: str) -> None:
        try:
            news = await self._conversations.wants_person(conversation)
        except SQLAlchemyError as error:
            NOT_STORED.labels("person", type(error).__name__).inc()
            return
        if news:
            self._events.publish(conversation, Event("person", PersonState(state="asked")))


def _joined(waiting: Iterable[InLine], ends: float) -> list[InLine]:
    burst: list[InLine] = []
    for one in waiting:
        if burst and (not burst[-1].message.short or one.since > ends or one.turn or not _joins(burst[0], one)):
            break
        burst.append(one)
    return burst


def _joins(first: InLine, one: InLine) -> bool:
    """Whether it can be answered together with the ones before."""
    message = one.message
    return message.reply is None and message.replaces is None and message.audience == first.message.audience


def _for_inbox(message: Incoming) -> NewMessage:
    request = {
        "for_rasa": message.for_rasa, "reply": message.reply, "short": message.short,
        "channel": message.channel, "audience": message.audience.value, "replaces": message.replaces,
    }  # fmt: skip
    return NewMessage(message.conversation, message.channel, message.key, message.text, request, message.offer)


def _from_inbox(row: Unanswered) -> Incoming:
    request = row.request
    return Incoming(
        conversation=row.conversation, channel=request["channel"], audience=Audience(request["audience"]), key=row.key,
        text=row.text, for_rasa=request["for_rasa"], reply=request["reply"], short=request["short"],
        replaces=request.get("replaces"),
    )  # fmt: skip


def _new_turn() -> str:
    return f"t-{secrets.token_hex(6)}"


def _received(one: InLine) -> Message:
    return Message(id=one.id, author="customer", text=one.message.text, at=one.at, key=one.message.key)


def _with_person(name: str | None) -> ChatReply:
    return ChatReply(turn_id="none", text=phrases.WITH_PERSON.format(name=name or "A colleague"), status="with_person")


def _stored_reply(answer: AnswerRow) -> ChatReply:
    evidence = None if answer.evidence is None else Evidence.model_validate(answer.evidence)
    return ChatReply(
        turn_id=answer.turn_id, text=answer.text, status=answer.status, evidence=evidence, total_ms=answer.total_ms
    )


def _evidence(conversation: str, channel: str, question: str, reply: ChatReply) -> dict[str, Any]:
    """What is kept of a turn, without personal data of a known shape: the columns of `AnswerRow`."""
    evidence = reply.evidence
    return {
        "turn_id": reply.turn_id, "conversation_id": conversation, "channel": channel, "question": question,
        "text": redact(reply.text), "status": reply.status, "decision": evidence.decision if evidence else None,
        "evidence": evidence and {**evidence.model_dump(mode="json"), "question": redact(evidence.question)},
        "total_ms": reply.total_ms, "created_at": now(),
    }  # fmt: skip


def _content(message: Message) -> dict[str, object]:
    """What the history keeps of a reply besides its text. What was typed into a form is not kept."""
    form = message.form
    if form is not None:
        fields = tuple(FormField(**{**field.model_dump(), "value": None}) for field in form.fields)
        form = form.model_copy(update={"fields": fields})
    content = message.model_copy(update={"form": form})
    return content.model_dump(mode="json", include={"status", "decision", "sources", "buttons", "form"})
