"""The review queue: open cards, give each to one operator, write down what was decided, take it back.

Every method is one transaction, or several that each stand by themselves; all are safe with several processes on SQLite
and PostgreSQL, and may raise SQLAlchemyError. A transaction that changes one card begins with the conditional UPDATE
that decides who wins; what changes many cards at once holds a lock that only one transaction has.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, insert, literal, or_, select, update

from contracts.errors import Used
from contracts.redaction import redact
from contracts.tables import now
from contracts.wire import Audience, Source
from review.cards import (
    CARDS,
    CLAIMED,
    CORRECTIONS,
    DECIDED,
    OPEN,
    VERDICTS,
    Card,
    Kind,
    Taken,
    cards_by_id,
    one_card,
    standing_verdicts,
)
from review.changes import Change, Listener, nobody_listens, one_at_a_time
from review.corrections import NewAnswer, write_correction
from review.digest import Digest, digest_of
from review.opening import Look, Opener
from review.settings import ReviewParams

NOT_YOURS = "You don't have this card, so there is nothing to give back."
NOT_DECIDED = "This card isn't decided, so there is nothing to take back. Somebody may have done it already."
TOO_LATE = "A decision can be taken back within {minutes:g} minutes; this one is older."
Join = Callable[[Connection, Card], None]
FREE = {"state": OPEN, "claimed_by": None, "claimed_at": None}


class Reviews:
    """`tell`: called in the transaction of each change; what it writes with that connection stands or falls with it."""

    def __init__(self, engine: Engine, settings: ReviewParams, tell: Listener = nobody_listens) -> None:
        self._engine, self._settings, self._tell = engine, settings, tell
        self._opener = Opener(engine, settings, tell)

    # --- cards come

    def look(self, now: datetime) -> Look:
        """Open a card for every turn in the sample and for risky ones as the day allows; add reasons that came later.

        The first look after a start goes back `look_back_hours`. What one look leaves out, since the day has no card
        left, the next may open.
        """
        return self._opener.look(now)

    # --- reading

    def card(self, id: int) -> Card:
        """Raises NotFound."""
        with self._engine.connect() as connection:
            return one_card(connection, id)

    def card_of(self, turn: str) -> Card | None:
        return self._first(CARDS.c.turn_id == turn)

    def card_shown(self, channel: str, ts: str) -> Card | None:
        """The card that Slack shows there."""
        return self._first(and_(CARDS.c.channel == channel, CARDS.c.ts == ts))

    def undecided(self, limit: int = 100) -> tuple[Card, ...]:
        """Open and claimed cards, the oldest first."""
        return self._cards(CARDS.c.state != DECIDED, limit)

    def not_shown(self, limit: int = 100) -> tuple[Card, ...]:
        """Undecided cards of which nobody has said where Slack shows them."""
        return self._cards(and_(CARDS.c.state != DECIDED, CARDS.c.ts.is_(None)), limit)

    def shown(self, id: int, channel: str, ts: str) -> None:
        """Remember where Slack shows a card."""
        with self._engine.begin() as connection:
            connection.execute(update(CARDS).where(CARDS.c.id == id).values(channel=channel, ts=ts))

    # --- claims

    def claim(self, card: int, operator: str, at: datetime | None = None) -> Card:
        """Exactly one operator gets it, for `claim_minutes`; claiming one's own card begins them anew.

        Raises Taken, which says who has it; NotFound.
        """
        at = at or now()
        with self._engine.begin() as connection:
            free = update(CARDS).where(CARDS.c.id == card, self._free_for(operator, at))
            won = connection.execute(free.values(state=CLAIMED, claimed_by=operator, claimed_at=at)).rowcount
            found = one_card(connection, card)
            if not won:
                raise _taken(connection, found)
            self._tell(connection, Change.CLAIMED, (found,))
            return found

    def release(self, card: int, operator: str) -> Card:
        """Give a card back. Raises Used when the operator doesn't have it (any more), NotFound."""
        with self._engine.begin() as connection:
            mine = CARDS.c.id == card, CARDS.c.state == CLAIMED, CARDS.c.claimed_by == operator
            given = connection.execute(update(CARDS).where(*mine).values(**FREE)).rowcount
            found = one_card(connection, card)
            if not given:
                raise Used(NOT_YOURS)
            self._tell(connection, Change.RELEASED, (found,))
            return found

    def lapse(self, now: datetime) -> tuple[Card, ...]:
        """Open the cards whose claim is over (they could be claimed already); returns them."""
        lapsed = and_(CARDS.c.state == CLAIMED, CARDS.c.claimed_at <= self._lapses(now))
        return self._each_once(Change.LAPSED, lapsed, FREE)

    # --- verdicts

    def approve(self, card: int, operator: str, comment: str | None = None, at: datetime | None = None) -> Card:
        """The answer is right. As all verdicts: raises Taken when somebody else has the card or it is decided already,
        also by the same operator; NotFound. An open card need not be claimed before."""
        return self._decide(card, operator, Kind.APPROVE, comment, at)

    def reject(self, card: int, operator: str, comment: str | None = None, at: datetime | None = None) -> Card:
        """The answer is wrong, and there is no better one to write now."""
        return self._decide(card, operator, Kind.REJECT, comment, at)

    def needs_page(self, card: int, operator: str, comment: str | None = None, at: datetime | None = None) -> Card:
        """No page says the answer; one has to be written."""
        return self._decide(card, operator, Kind.NEEDS_PAGE, comment, at)

    def take_over(
        self,
        card: int,
        operator: str,
        join: Join | None = None,
        comment: str | None = None,
        at: datetime | None = None,
    ) -> Card:
        """The operator talks to the customer instead. Says nothing about the answer.

        `join` lets the operator into the conversation, in the same transaction; what it raises undoes the verdict.
        """

        def write(connection: Connection, found: Card, _: datetime) -> None:
            if join is not None:
                join(connection, found)

        return self._decide(card, operator, Kind.TAKE_OVER, comment, at, write=write)

    def correct(
        self,
        card: int,
        operator: str,
        answer: str,
        sources: Sequence[Source] = (),
        question: str | None = None,
        audience: Audience | None = None,
        comment: str | None = None,
        at: datetime | None = None,
    ) -> Card:
        """The answer should have been `answer`, which becomes a reviewed answer to this question.

        `question`: in better words than the customer's; `audience`: other than the one of the channel.
        Raises BadRequest without an answer.
        """
        answer = answer.strip()

        def write(connection: Connection, found: Card, moment: datetime) -> None:
            said = question if question is not None else found.asked
            new = NewAnswer(said, answer, audience or self._audience(found), operator, sources, found.turn_id)
            write_correction(connection, new, moment)

        return self._decide(card, operator, Kind.CORRECT, comment, at, after=answer, write=write)

    def undo(self, card: int, operator: str, at: datetime | None = None) -> Card:
        """Take the decision back within `undo_minutes`, by whomever: the card is open, its correction retired.

        Raises Used when it is too late or there is nothing to take back, NotFound.
        """
        at = at or now()
        with self._engine.begin() as connection:
            fresh = CARDS.c.state == DECIDED, CARDS.c.decided_at > at - timedelta(minutes=self._settings.undo_minutes)
            reopen = update(CARDS).where(CARDS.c.id == card, *fresh).values(**FREE, decided_at=None)
            undone = connection.execute(reopen).rowcount
            found = one_card(connection, card)
            if not undone:
                decided = found.state == DECIDED
                raise Used(TOO_LATE.format(minutes=self._settings.undo_minutes) if decided else NOT_DECIDED)
            verdict = standing_verdicts(connection, [card])[card]
            _write_verdict(connection, found, operator, Kind.UNDO, at, undoes=verdict.id)
            connection.execute(
                update(CORRECTIONS)
                .where(CORRECTIONS.c.turn_id == found.turn_id, CORRECTIONS.c.retired_at.is_(None))
                .values(retired_at=at, changed_at=at)
            )
            self._tell(connection, Change.UNDONE, (found,))
            return found

    # --- time passes

    def to_remind(self, now: datetime) -> tuple[Card, ...]:
        """Undecided cards older than `remind_hours`; each once, in whatever process."""
        old = CARDS.c.created_at <= now - timedelta(hours=self._settings.remind_hours)
        due = and_(CARDS.c.state != DECIDED, CARDS.c.reminded_at.is_(None), old)
        return self._each_once(Change.TO_REMIND, due, {"reminded_at": now})

    def to_escalate(self, now: datetime) -> tuple[Card, ...]:
        """Undecided cards older than `escalate_hours`; each once, in whatever process."""
        old = CARDS.c.created_at <= now - timedelta(hours=self._settings.escalate_hours)
        due = and_(CARDS.c.state != DECIDED, CARDS.c.escalated_at.is_(None), old)
        return self._each_once(Change.TO_ESCALATE, due, {"escalated_at": now})

    def digest(self, day: date) -> Digest:
        """The day (UTC) in numbers."""
        return digest_of(self._engine, day)

    # ---

    def _decide(
        self,
        card: int,
        operator: str,
        kind: Kind,
        comment: str | None,
        at: datetime | None,
        after: str | None = None,
        write: Callable[[Connection, Card, datetime], None] | None = None,
    ) -> Card:
        """The first statement settles who decides; the verdict and what follows from it are in the same transaction."""
        at = at or now()
        with self._engine.begin() as connection:
            free = update(CARDS).where(CARDS.c.id == card, self._free_for(operator, at))
            claimed_at = func.coalesce(CARDS.c.claimed_at, literal(at, CARDS.c.claimed_at.type))
            values = {"state": DECIDED, "claimed_by": operator, "claimed_at": claimed_at, "decided_at": at}
            won = connection.execute(free.values(**values)).rowcount
            found = one_card(connection, card)
            if not won:
                raise _taken(connection, found)
            if write is not None:
                write(connection, found, at)
            _write_verdict(connection, found, operator, kind, at, after=after, comment=comment)
            decided = one_card(connection, card)
            self._tell(connection, Change.DECIDED, (decided,))
            return decided

    def _free_for(self, operator: str, at: datetime) -> ColumnElement[bool]:
        theirs = or_(CARDS.c.claimed_by == operator, CARDS.c.claimed_at <= self._lapses(at))
        return or_(CARDS.c.state == OPEN, and_(CARDS.c.state == CLAIMED, theirs))

    def _lapses(self, at: datetime) -> datetime:
        return at - timedelta(minutes=self._settings.claim_minutes)

    def _audience(self, card: Card) -> Audience:
        """A channel that isn't reviewed any more says nothing about who talks there: then the fewest get the answer."""
        return self._settings.channels.get(card.channel, Audience.INTERNAL)

    def _each_once(self, change: Change, due: ColumnElement[bool], values: dict[str, Any]) -> tuple[Card, ...]:
        with one_at_a_time(self._engine) as connection:
            ids = list(connection.scalars(select(CARDS.c.id).where(due)))
            if not ids:
                return ()
            # Asked again with the update: a card may have been decided in between.
            changed = connection.scalars(update(CARDS).where(due).values(**values).returning(CARDS.c.id)).all()
            cards = cards_by_id(connection, changed)
            if cards:
                self._tell(connection, change, cards)
            return cards

    def _first(self, which: ColumnElement[bool]) -> Card | None:
        return next(iter(self._cards(which, 1)), None)

    def _cards(self, which: ColumnElement[bool], limit: int) -> tuple[Card, ...]:
        with self._engine.connect() as connection:
            query = select(CARDS.c.id).where(which).order_by(CARDS.c.created_at, CARDS.c.id).limit(limit)
            ids = list(connection.scalars(query))
            return tuple(sorted(cards_by_id(connection, ids), key=lambda card: ids.index(card.id)))


def _taken(connection: Connection, card: Card) -> Taken:
    """Why a card could not be had."""
    by, since = card.claimed_by or "Somebody", card.decided_at or card.claimed_at
    when = f"{since:%H:%M} UTC" if since else "just now"
    if card.state == DECIDED:
        verdict = standing_verdicts(connection, [card.id]).get(card.id)
        by = verdict.operator if verdict else by
        return Taken(f"{by} has decided this card at {when}.", by, since)
    return Taken(f"{by} has had this card since {when}.", by, since)


def _write_verdict(
    connection: Connection,
    card: Card,
    operator: str,
    kind: Kind,
    at: datetime,
    after: str | None = None,
    comment: str | None = None,
    undoes: int | None = None,
) -> None:
    connection.execute(
        insert(VERDICTS),
        {
            "card_id": card.id, "turn_id": card.turn_id, "operator": operator, "kind": kind, "before": card.text,
            "after": after, "comment": redact(comment).strip() or None if comment else None,
            "evidence": card.evidence.model_dump(mode="json") if card.evidence else None, "undoes": undoes, "at": at,
        },
    )  # fmt: skip
