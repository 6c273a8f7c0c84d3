"""What the gateway remembers: conversations, their messages (the inbox among them), ratings, used tokens.

Every method runs in a thread and may raise SQLAlchemyError; who calls decides what a failing database costs.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Row,
    bindparam,
    delete,
    func,
    insert,
    null,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from contracts.errors import NoSession, NotFound, Used
from contracts.redaction import redact
from contracts.tables import AnswerRow, Base, ConversationRow, MessageRow, RatingRow, UsedTokenRow, now
from gateway import phrases
from gateway.chat_models import Form, History, Message, PersonState, Rating, SourceLink
from gateway.outbox import OUTBOX, Send
from gateway.sessions import Offer
from gateway.takeover import Follower, Happening, Kind, Nobody

PAGE = 50
WAITING, DONE, WITH_PERSON = "waiting", "done", "with_person"
Result = TypeVar("Result")

# What every message does goes to the tables and not through the object mapper.
ANSWERS, CONVERSATIONS, MESSAGES, USED_TOKENS = (
    Base.metadata.tables[row.__tablename__] for row in (AnswerRow, ConversationRow, MessageRow, UsedTokenRow)
)
CONVERSATION = select(CONVERSATIONS).where(CONVERSATIONS.c.id == bindparam("id"))
BY_KEY = select(MESSAGES.c.id, MESSAGES.c.created_at, MESSAGES.c.state, MESSAGES.c.turn_id).where(
    MESSAGES.c.conversation_id == bindparam("conversation"), MESSAGES.c.key == bindparam("key")
)
REPLY_OF = select(MESSAGES.c.id).where(MESSAGES.c.turn_id == bindparam("turn"), MESSAGES.c.author == "assistant")
SETTLE = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("message"))
    .values(state=DONE, text=bindparam("words"), request=null())
)


@dataclass(frozen=True)
class Standing:
    """How a conversation stands. One that was never written in stands like a new one. `rasa_paused`: Rasa was told of
    a person and not yet that they left."""

    ended: bool = False
    customer: str | None = None
    email: str | None = None
    person: PersonState | None = None
    rasa_paused: bool = False


@dataclass(frozen=True)
class Kept:
    """A message in the inbox. `again`: it had come before with the same key; `state` and `turn_id` say what became of
    it. Otherwise `turn_id` is the turn that was claimed for it, if one was."""

    id: int
    at: datetime
    state: str
    turn_id: str | None
    again: bool
    standing: Standing


@dataclass(frozen=True)
class Claim:
    """`ids`: the messages that are this turn's; the others are answered, or another gateway's turn has them."""

    standing: Standing
    ids: frozenset[int]


@dataclass(frozen=True)
class NewMessage:
    """A customer's message as it comes. `request` is what the turn needs beside the text."""

    conversation: str
    channel: str
    key: str
    text: str
    request: dict[str, Any]
    offer: Offer | None = None


@dataclass(frozen=True)
class Unanswered:
    """A message whose turn is not over, as it is found after a restart."""

    id: int
    conversation: str
    key: str
    text: str
    request: dict[str, Any]
    turn_id: str | None
    at: datetime


class Conversations:
    """`quick`: an engine of the same database that never waits for a lock; only for one without a server.

    `follower` is told of what a person does in a conversation.
    """

    def __init__(self, engine: Engine, quick: Engine | None = None, follower: Follower | None = None) -> None:
        self._engine, self._quick, self._follower = engine, quick, follower or Nobody()

    async def _run(self, work: Callable[[Session], Result]) -> Result:
        def transaction() -> Result:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                return work(session)

        return await asyncio.to_thread(transaction)

    async def _run_light(self, work: Callable[[Connection], Result]) -> Result:
        """For what every message does: without the object mapper, which costs as much time as SQLite, and where the
        database is a file (0.3 ms) without a thread too, whose switches cost more, unless there is a lock to wait for.
        """

        def transaction(engine: Engine) -> Result:
            with engine.begin() as connection:
                return work(connection)

        if self._quick is not None:
            with suppress(OperationalError):
                return transaction(self._quick)
        return await asyncio.to_thread(transaction, self._engine)

    async def ready(self) -> None:
        await self._run(lambda session: session.execute(text("SELECT 1")))

    def close(self) -> None:
        self._engine.dispose()
        if self._quick is not None:
            self._quick.dispose()

    # --- conversations

    async def standing(self, conversation: str) -> Standing:
        return await self._run(lambda session: _standing(session.get(ConversationRow, conversation)))

    async def identify(
        self, new: str, channel: str, customer: str, email: str | None, once: Offer | None
    ) -> tuple[str, bool]:
        """The open conversation of a customer of the host site, or `new` as theirs; and whether it was there before.

        Raises Used for an identity that is good for one use and was used.
        """

        def work(session: Session) -> tuple[str, bool]:
            if once is not None:
                _use(session.connection(), once)
            theirs = session.scalar(
                select(ConversationRow)
                .where(ConversationRow.customer == customer, ConversationRow.ended_at.is_(None))
                .order_by(ConversationRow.created_at.desc())
            )
            row = theirs or _open(session, new, channel)
            row.customer, row.email = customer, email or row.email
            return row.id, theirs is not None

        return await self._run(work)

    async def end(self, conversation: str, channel: str) -> None:
        def work(session: Session) -> None:
            _open(session, conversation, channel).ended_at = now()

        await self._run(work)

    # --- the inbox

    async def take_in(self, message: NewMessage, turn: str | None = None) -> Kept:
        """Keep a message until its turn is over, and claim that turn for it if there is one already.

        Raises NoSession in an ended conversation, Used for an old offer.
        """

        def work(connection: Connection) -> Kept:
            found = connection.execute(CONVERSATION, {"id": message.conversation}).one_or_none()
            standing = _standing(found)
            if standing.ended:
                raise NoSession(phrases.NO_SESSION)
            same = {"conversation": message.conversation, "key": message.key}
            row = found and connection.execute(BY_KEY, same).one_or_none()
            if row is not None:
                return Kept(row.id, row.created_at, row.state, row.turn_id, True, standing)
            at = now()
            if found is None:
                new = {"id": message.conversation, "channel": message.channel, "created_at": at}
                connection.execute(insert(CONVERSATIONS), new)
            if message.offer is not None:
                _use(connection, message.offer)
            written = connection.execute(
                insert(MESSAGES),
                {
                    "conversation_id": message.conversation, "author": "customer", "key": message.key,
                    "text": message.text, "state": WAITING, "turn_id": turn, "request": message.request,
                    "created_at": at,
                },
            )  # fmt: skip
            return Kept(_new_id(written), at, WAITING, turn, False, standing)

        try:
            return await self._run_light(work)
        except IntegrityError:  # the same key, or the first message, came twice at the same moment
            return await self._run_light(work)

    async def claim(self, conversation: str, ids: Sequence[int], turn: str) -> Claim:
        """Write down which turn answers these messages, before it begins."""

        def work(connection: Connection) -> Claim:
            wanted = MESSAGES.c.id.in_(ids), MESSAGES.c.state == WAITING
            free = func.coalesce(MESSAGES.c.turn_id, turn) == turn
            connection.execute(update(MESSAGES).where(*wanted, free).values(turn_id=turn))
            claimed = connection.scalars(select(MESSAGES.c.id).where(*wanted, MESSAGES.c.turn_id == turn))
            ids_claimed = frozenset(claimed)
            found = connection.execute(CONVERSATION, {"id": conversation}).one_or_none()
            return Claim(_standing(found), ids_claimed)

        return await self._run_light(work)

    async def finish(
        self,
        answered: Mapping[int, str],
        answer: Mapping[str, Any],
        content: Mapping[str, Any],
        sends: Sequence[Send] = (),
    ) -> int:
        """The turn is over: its reply, its evidence, the answered messages and what is to be sent, in one transaction.

        `answered`: ids and texts of the messages, from now on without personal data. `answer`: the columns of
        `AnswerRow`. Returns the id of the reply.
        """
        turn, conversation = answer["turn_id"], answer["conversation_id"]
        reply = {
            "conversation_id": conversation, "author": "assistant", "text": answer["text"], "state": DONE,
            "turn_id": turn, "content": dict(content), "created_at": now(),
        }  # fmt: skip

        def work(connection: Connection) -> int:
            connection.execute(insert(ANSWERS), answer)
            if answered:
                connection.execute(SETTLE, [{"message": id, "words": said} for id, said in answered.items()])
            if sends:
                connection.execute(insert(OUTBOX), [send.row() for send in sends])
            return _new_id(connection.execute(insert(MESSAGES), reply))

        try:
            return await self._run_light(work)
        except IntegrityError:
            known = await self._run_light(lambda connection: connection.scalar(REPLY_OF, {"turn": turn}))
            if known is None:
                raise
            return int(known)

    async def begun(self, conversation: str) -> bool:
        """Whether anything was said in it, and it isn't over."""

        def work(connection: Connection) -> bool:
            found = connection.execute(CONVERSATION, {"id": conversation}).one_or_none()
            return found is not None and found.ended_at is None

        return await self._run_light(work)

    async def turn_of(self, conversation: str, key: str) -> str | None:
        """The turn of the message with this key, empty while it has none; None for a message that isn't known."""

        def work(connection: Connection) -> str | None:
            row = connection.execute(BY_KEY, {"conversation": conversation, "key": key}).one_or_none()
            return None if row is None else row.turn_id or ""

        return await self._run_light(work)

    async def reply_of(self, conversation: str, turn: str) -> Message | None:
        """The reply of a turn, with its buttons and its form."""

        def work(session: Session) -> Message | None:
            row = session.scalar(
                select(MessageRow).where(
                    MessageRow.conversation_id == conversation, MessageRow.turn_id == turn,
                    MessageRow.author == "assistant",
                )
            )  # fmt: skip
            return None if row is None else _message(row, None)

        return await self._run(work)

    async def pass_on(self, conversation: str, ids: Sequence[int]) -> None:
        """These messages are for the person in the conversation."""

        def work(session: Session) -> None:
            rows = session.scalars(select(MessageRow).where(MessageRow.id.in_(ids), MessageRow.state == WAITING))
            there = session.get_one(ConversationRow, conversation)
            for row in rows:
                row.state, row.turn_id = WITH_PERSON, None
                self._tell(session, Kind.HEARD, there, text=redact(row.text))

        await self._run(work)
        self._follower.wake()

    async def unanswered(self) -> list[Unanswered]:
        """In the order in which they came."""

        def work(session: Session) -> list[Unanswered]:
            rows = session.scalars(select(MessageRow).where(MessageRow.state == WAITING).order_by(MessageRow.id))
            return [_unanswered(row) for row in rows]

        return await self._run(work)

    async def answer_of(self, turn: str) -> AnswerRow | None:
        return await self._run(lambda session: session.get(AnswerRow, turn))

    async def last_form(self, conversation: str) -> Form | None:
        """The form of the newest reply that had one, without what was typed into it."""

        def work(session: Session) -> Form | None:
            rows = session.scalars(
                select(MessageRow)
                .where(MessageRow.conversation_id == conversation, MessageRow.author == "assistant")
                .order_by(MessageRow.id.desc())
                .limit(PAGE)
            )
            forms = (row.content.get("form") for row in rows if row.content)
            return next((Form.model_validate(form) for form in forms if form), None)

        return await self._run(work)

    # --- history

    async def history(self, conversation: str, before: int | None, limit: int = PAGE) -> History:
        """The last `limit` messages before the id `before`, oldest first."""

        def work(session: Session) -> History:
            query = select(MessageRow).where(MessageRow.conversation_id == conversation)
            if before is not None:
                query = query.where(MessageRow.id < before)
            rows = list(session.scalars(query.order_by(MessageRow.id.desc()).limit(limit + 1)))
            found = list(reversed(rows[:limit]))
            return History(messages=_public(session, found), more=len(rows) > limit)

        return await self._run(work)

    async def after(self, conversation: str, id: int) -> tuple[Message, ...]:
        """What was said since the message `id`; at most the last 200."""

        def work(session: Session) -> tuple[Message, ...]:
            query = select(MessageRow).where(MessageRow.conversation_id == conversation, MessageRow.id > id)
            rows = list(session.scalars(query.order_by(MessageRow.id.desc()).limit(200)))
            return _public(session, list(reversed(rows)))

        return await self._run(work)

    # --- ratings

    async def rate(self, conversation: str, turn: str, rating: Rating | None) -> None:
        """Raises NotFound when the turn is not of this conversation. None takes the rating back."""

        def work(session: Session) -> None:
            answer = session.get(AnswerRow, turn)
            if answer is None or answer.conversation_id != conversation:
                raise NotFound(phrases.NO_SUCH_TURN)
            session.execute(delete(RatingRow).where(RatingRow.turn_id == turn))
            if rating is not None:
                comment = redact(rating.comment) if rating.comment else None
                session.add(
                    RatingRow(
                        turn_id=turn, conversation_id=conversation, value=rating.value, reason=rating.reason,
                        comment=comment,
                    )
                )  # fmt: skip

        await self._run(work)

    # --- people

    async def wants_person(self, conversation: str) -> bool:
        """Returns whether that is news."""

        def work(session: Session) -> bool:
            row = session.get(ConversationRow, conversation)
            if row is None or row.person_state is not None:
                return False
            row.person_state, row.person_since = "asked", now()
            return True

        return await self._run(work)

    async def join(self, conversation: str, name: str, card: int | None = None) -> None:
        """`card`: the talk is followed in its thread. Raises NotFound for a conversation that isn't there or is over,
        Used when somebody else is in it."""
        await self._run(lambda session: self._join(session, conversation, name, card))
        self._follower.wake()

    def join_within(self, connection: Connection, conversation: str, name: str, card: int) -> None:
        """`join` as a part of another transaction, the talk to be followed in the thread of `card`."""
        with Session(connection, join_transaction_mode="rollback_only") as session, session.begin():
            self._join(session, conversation, name, card)

    def _join(self, session: Session, conversation: str, name: str, card: int | None = None) -> None:
        row = _existing(session, conversation, lock=True)
        there = row.person_state == "joined"
        if there and row.person != name:
            raise Used(phrases.TAKEN.format(name=row.person))
        row.person, row.person_state, row.person_since = name, "joined", now()
        row.card_id = card if card is not None else row.card_id
        if not there:
            self._tell(session, Kind.JOINED, row)

    async def leave(self, conversation: str) -> str:
        """Returns who left. What they left unanswered waits for a turn. Raises NotFound when nobody had joined."""

        def work(session: Session) -> str:
            row = _existing(session, conversation, lock=True)
            if row.person_state != "joined":
                raise NotFound(phrases.JOIN_FIRST)
            name = row.person or ""
            self._tell(session, Kind.LEFT, row)
            row.person, row.person_state, row.person_since, row.card_id = None, None, None, None
            unanswered = update(MessageRow).where(MessageRow.id.in_(_with_person(conversation)))
            session.execute(unanswered.values(state=WAITING))
            return name

        name = await self._run(work)
        self._follower.wake()
        return name

    async def say(self, conversation: str, words: str) -> Message:
        """A message of the person who is there. Raises NotFound when nobody has joined."""

        def work(session: Session) -> Message:
            row = _existing(session, conversation)
            if row.person_state != "joined":
                raise NotFound(phrases.JOIN_FIRST)
            row.person_since = now()
            _settle(session, list(session.scalars(_with_person(conversation))), DONE)
            message = MessageRow(
                conversation_id=conversation, author="person", text=words, state=DONE,
                content={"name": row.person}, created_at=now(),
            )  # fmt: skip
            session.add(message)
            session.flush()
            self._tell(session, Kind.SAID, row, text=words)
            return _message(message, None)

        message = await self._run(work)
        self._follower.wake()
        return message

    async def out_of_step(self) -> list[tuple[str, bool]]:
        """Conversations of which Rasa doesn't know yet whether a person is in them, and whether one is."""
        joined = func.coalesce(CONVERSATIONS.c.person_state, "") == "joined"
        apart = select(CONVERSATIONS.c.id, joined.label("joined")).where(joined != CONVERSATIONS.c.rasa_paused)
        return await self._run_light(lambda connection: [(row.id, row.joined) for row in connection.execute(apart)])

    async def rasa_knows(self, conversation: str, paused: bool) -> None:
        told = update(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation).values(rasa_paused=paused)
        await self._run_light(lambda connection: connection.execute(told))

    async def with_people(self) -> list[tuple[str, PersonState, datetime]]:
        """Conversations that want or have a person, the longest waiting first."""

        def work(session: Session) -> list[tuple[str, PersonState, datetime]]:
            rows = session.scalars(
                select(ConversationRow)
                .where(ConversationRow.person_state.is_not(None), ConversationRow.ended_at.is_(None))
                .order_by(ConversationRow.person_since)
            )
            return [
                (r.id, PersonState(state=r.person_state, name=r.person), r.person_since or r.created_at) for r in rows
            ]

        return await self._run(work)

    async def take_back(self, silent_for: timedelta) -> list[tuple[str, str]]:
        """Conversations whose person let a message wait too long: the person is out, the messages wait for a turn.

        Returns conversation and name of each.
        """

        def work(session: Session) -> list[tuple[str, str]]:
            since = now() - silent_for
            waiting = select(MessageRow.conversation_id).where(
                MessageRow.state == WITH_PERSON, MessageRow.created_at < since
            )
            rows = session.scalars(
                select(ConversationRow).where(
                    ConversationRow.id.in_(waiting),
                    ConversationRow.person_since < since,
                    ConversationRow.ended_at.is_(None),
                )
            )
            out = []
            for row in rows:
                out.append((row.id, row.person or ""))
                self._tell(session, Kind.TAKEN_BACK, row)
                row.person, row.person_state, row.person_since, row.card_id = None, "asked", now(), None
                session.execute(update(MessageRow).where(MessageRow.id.in_(_with_person(row.id))).values(state=WAITING))
            return out

        out = await self._run(work)
        if out:
            self._follower.wake()
        return out

    def _tell(self, session: Session, kind: Kind, row: ConversationRow, text: str = "") -> None:
        happening = Happening(kind, row.id, row.channel, row.person or "", row.card_id, text)
        self._follower.write(session.connection(), happening)


def _open(session: Session, conversation: str, channel: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation)
    if row is None:
        row = ConversationRow(id=conversation, channel=channel)
        session.add(row)
        session.flush()
    return row


def _existing(session: Session, conversation: str, lock: bool = False) -> ConversationRow:
    """`lock`: nobody else changes it until the transaction is over."""
    row = session.get(ConversationRow, conversation, with_for_update=lock)
    if row is None or row.ended_at is not None:
        raise NotFound(phrases.NO_SUCH_CONVERSATION)
    return row


def _use(connection: Connection, offer: Offer) -> None:
    if connection.scalar(select(USED_TOKENS.c.id).where(USED_TOKENS.c.id == offer.id)) is not None:
        raise Used(phrases.USED)
    connection.execute(delete(USED_TOKENS).where(USED_TOKENS.c.expires_at < now()))
    connection.execute(insert(USED_TOKENS), {"id": offer.id, "expires_at": offer.expires_at})


def _new_id(inserted: CursorResult[Any]) -> int:
    key = inserted.inserted_primary_key
    assert key is not None
    return int(key[0])


def _settle(session: Session, ids: Sequence[int], state: str) -> None:
    """From now on the messages are kept without personal data."""
    for row in session.scalars(select(MessageRow).where(MessageRow.id.in_(ids))):
        row.state, row.text, row.request = state, redact(row.text), None


def _with_person(conversation: str) -> Any:
    return select(MessageRow.id).where(MessageRow.conversation_id == conversation, MessageRow.state == WITH_PERSON)


def _standing(row: ConversationRow | Row[Any] | None) -> Standing:
    if row is None:
        return Standing()
    person = None if row.person_state is None else PersonState(state=row.person_state, name=row.person)
    return Standing(row.ended_at is not None, row.customer, row.email, person, row.rasa_paused)


def _unanswered(row: MessageRow) -> Unanswered:
    assert row.key is not None
    return Unanswered(
        row.id, row.conversation_id, row.key, row.text, row.request or {}, row.turn_id, row.created_at
    )  # fmt: skip


def _public(session: Session, rows: Sequence[MessageRow]) -> tuple[Message, ...]:
    turns = [row.turn_id for row in rows if row.author == "assistant" and row.turn_id]
    ratings = {
        rating.turn_id: rating.value
        for rating in session.scalars(select(RatingRow).where(RatingRow.turn_id.in_(turns)))
    }
    return tuple(_message(row, ratings.get(row.turn_id or "")) for row in rows)


def _message(row: MessageRow, rating: str | None) -> Message:
    content = row.content or {}
    sources = tuple(SourceLink.model_validate(source) for source in content.get("sources", ()))
    return Message.model_validate(
        {
            **content, "sources": sources, "id": row.id, "author": row.author, "text": row.text, "at": row.created_at,
            "key": row.key, "rating": rating, "turn_id": row.turn_id if row.author == "assistant" else None,
        }
    )  # fmt: skip
