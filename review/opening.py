"""Look at the answers and open cards: those in the sample, and those that look wrong, the most urgent first.

Nothing is written down about answers without a card. Whether a turn is in the sample is told by its id, a turn has one
card at most, and a look after a start goes back `look_back_hours`: so a look may be cut off, repeated, or done by
several processes, and the cards are the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import floor
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from contracts.tables import Base, ConversationRow
from contracts.wire import Audience
from review.cards import ANSWERS, CARDS, DECIDED, OPEN, RATINGS, Card, Lane, cards_by_id, parts
from review.changes import Change, Listener, one_at_a_time
from review.contradictions import Answered
from review.reasons import ORDER, URGENT, Reason, most_urgent_first, reasons_of_answer
from review.sampling import first_messages, in_sample, message_id
from review.settings import ReviewParams

CONVERSATIONS = Base.metadata.tables[ConversationRow.__tablename__]
AT_ONCE = 100
OVERLAP = timedelta(minutes=10)  # an answer may be stored that much later than it was given


@dataclass
class Candidate:
    """A turn that may get a card, or a longer list of reasons on the one that it has."""

    turn: str
    at: datetime
    sampled: bool = False
    reasons: set[Reason] = field(default_factory=set)

    @property
    def place(self) -> tuple[bool, int, datetime, str]:
        """The sample first, it is never left out; then by the most urgent reason; then who waits longest."""
        return not self.sampled, min((ORDER[reason] for reason in self.reasons), default=len(ORDER)), self.at, self.turn


@dataclass(frozen=True)
class Look:
    """`left_out`: risky turns for which the day had no card left."""

    opened: tuple[Card, ...] = ()
    extended: tuple[Card, ...] = ()
    left_out: int = 0


class Opener:
    def __init__(self, engine: Engine, params: ReviewParams, tell: Listener) -> None:
        self._engine, self._params, self._tell = engine, params, tell
        self._answered = Answered()
        self._looked_at: datetime | None = None
        self._considered: dict[str, tuple[datetime, Candidate | None]] = {}
        self._looking = Lock()

    def look(self, now: datetime) -> Look:
        """Consider what came since the last look, and open or extend cards. Raises SQLAlchemyError."""
        with self._looking:
            return self._look(now)

    def _look(self, now: datetime) -> Look:
        window = timedelta(hours=self._params.look_back_hours)
        since = now - window if self._looked_at is None else max(min(self._looked_at, now) - OVERLAP, now - window)
        with self._engine.connect() as connection:
            candidates = self._candidates(connection, since)
        opened: list[Card] = []
        extended: list[Card] = []
        left_out = 0
        for some in parts(sorted(candidates.values(), key=lambda one: one.place), AT_ONCE):
            with one_at_a_time(self._engine) as connection:
                new, longer, without = self._open(connection, {one.turn: one for one in some}, now)
            opened, extended, left_out = [*opened, *new], [*extended, *longer], left_out + without
        self._answered.forget(now - window)
        self._looked_at = now
        return Look(tuple(opened), tuple(extended), left_out)

    # --- which turns

    def _candidates(self, connection: Connection, since: datetime) -> dict[str, Candidate]:
        """What was considered in the last look is not read again; only what came later to it is."""
        self._considered = {turn: seen for turn, seen in self._considered.items() if seen[0] >= since}
        found = {turn: replace(one, reasons=set(one.reasons)) for turn, (_, one) in self._considered.items() if one}
        for page in _pages(connection, since, self._params.channels, self._considered):
            firsts = first_messages(connection, [row.turn_id for row in page])
            for row in page:
                one = self._candidate(row)
                id = message_id(row.conversation_id, row.turn_id, firsts.get(row.turn_id))
                one.sampled = in_sample(id, self._params.sample_rate)
                wanted = one.sampled or bool(one.reasons)
                self._considered[one.turn] = (one.at, replace(one, reasons=set(one.reasons)) if wanted else None)
                if wanted:
                    found[one.turn] = one
        late = _came_later(connection, since)
        for row in _answers(connection, late, self._params.channels):
            one = found.get(row.turn_id) or self._candidate(row)
            one.reasons |= late[row.turn_id]
            found[one.turn] = one
        return found

    def _candidate(self, row: Row[Any]) -> Candidate:
        """Not in the sample so far. One known only by what came later stays out: that would favour the bad ones."""
        reasons = reasons_of_answer(row.status, row.decision, row.text, row.evidence, self._params)
        audience = self._params.channels[row.channel]
        if self._answered.contradicts(row.turn_id, row.created_at, audience, row.decision, row.text, row.evidence):
            reasons.add(Reason.CONTRADICTION)
        return Candidate(row.turn_id, row.created_at, reasons=reasons)

    # --- their cards

    def _open(
        self, connection: Connection, wanted: Mapping[str, Candidate], now: datetime
    ) -> tuple[tuple[Card, ...], tuple[Card, ...], int]:
        """Cards that are new, cards with more reasons than before, and how many turns got none."""
        known = {
            row.turn_id: row for row in connection.execute(select(CARDS).where(CARDS.c.turn_id.in_(wanted)))
        }  # fmt: skip
        room = _Room(connection, now, self._params)
        new: list[int] = []
        left_out = 0
        for turn, one in wanted.items():
            if turn in known:
                continue
            if not one.sampled and not _somebody_waits(one.reasons) and not room.take(one.reasons):
                left_out += 1
                continue
            new.append(_insert(connection, one, now))
        longer = [row.id for turn, row in known.items() if _extend(connection, row, wanted[turn])]
        return self._told(connection, Change.OPENED, new), self._told(connection, Change.EXTENDED, longer), left_out

    def _told(self, connection: Connection, change: Change, ids: Collection[int]) -> tuple[Card, ...]:
        cards = cards_by_id(connection, ids)
        if cards:
            self._tell(connection, change, cards)
        return cards


def _somebody_waits(reasons: Collection[Reason | str]) -> bool:
    """Such a card comes whatever the day has left: without it nobody would know of the customer."""
    return Reason.HAND_OVER in reasons


class _Room:
    """How many cards the day (UTC) has left in the risk lane; some are kept for what is urgent."""

    def __init__(self, connection: Connection, now: datetime, params: ReviewParams) -> None:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        todays = connection.scalars(
            select(CARDS.c.reasons).where(
                CARDS.c.lane == Lane.RISK, CARDS.c.created_at >= midnight,
                CARDS.c.created_at < midnight + timedelta(days=1),
            )
        ).all()  # fmt: skip
        self._left = params.risk_per_day - sum(not _somebody_waits(reasons) for reasons in todays)
        ordinary = floor(params.risk_per_day * (1 - params.risk_for_urgent) + 1e-9)
        self._left_for_ordinary = ordinary - sum(URGENT.isdisjoint(reasons) for reasons in todays)

    def take(self, reasons: Collection[Reason]) -> bool:
        ordinary = URGENT.isdisjoint(reasons)
        if self._left <= 0 or (ordinary and self._left_for_ordinary <= 0):
            return False
        self._left -= 1
        self._left_for_ordinary -= ordinary
        return True


def _insert(connection: Connection, one: Candidate, now: datetime) -> int:
    reasons = {*one.reasons, Reason.SAMPLE} if one.sampled else one.reasons
    written = connection.execute(
        insert(CARDS),
        {
            "turn_id": one.turn, "lane": Lane.SAMPLE if one.sampled else Lane.RISK,
            "reasons": list(most_urgent_first(reasons)), "state": OPEN, "created_at": now,
        },
    )  # fmt: skip
    key = written.inserted_primary_key
    assert key is not None
    return int(key[0])


def _extend(connection: Connection, row: Row[Any], one: Candidate) -> bool:
    """Add the reasons that the card hasn't. A turn in the sample (the rate was raised) belongs to the sample."""
    more = {*one.reasons, Reason.SAMPLE} if one.sampled else one.reasons
    if more <= set(row.reasons):
        return False
    lane = Lane.SAMPLE if one.sampled else row.lane
    reasons = list(most_urgent_first({*row.reasons, *more}))
    connection.execute(update(CARDS).where(CARDS.c.id == row.id).values(reasons=reasons, lane=lane))
    return True


def _pages(
    connection: Connection, since: datetime, channels: Mapping[str, Audience], without: Collection[str]
) -> Iterator[list[Row[Any]]]:
    """The answers of these channels since then, in the order in which they were given."""
    at, turn = ANSWERS.c.created_at, ANSWERS.c.turn_id
    # Ids first, then whole rows by their key: an order over whole rows would be made anew for each page.
    in_order = select(turn).where(ANSWERS.c.channel.in_(channels), at >= since).order_by(at, turn)
    for some in parts([id for id in connection.scalars(in_order) if id not in without]):
        rows = {row.turn_id: row for row in connection.execute(select(ANSWERS).where(turn.in_(some)))}
        yield [rows[id] for id in some if id in rows]


def _answers(connection: Connection, turns: Collection[str], channels: Mapping[str, Audience]) -> Iterator[Row[Any]]:
    for some in parts(sorted(turns)):
        wanted = ANSWERS.c.turn_id.in_(some), ANSWERS.c.channel.in_(channels)
        yield from connection.execute(select(ANSWERS).where(*wanted)).all()


def _came_later(connection: Connection, since: datetime) -> dict[str, set[Reason]]:
    """What customers did after an answer: a thumbs down for it, or a wish for a person after it."""
    found: dict[str, set[Reason]] = defaultdict(set)
    down = select(RATINGS.c.turn_id).where(RATINGS.c.value == "down", RATINGS.c.created_at >= since)
    for turn in connection.scalars(down):
        found[turn].add(Reason.THUMBS_DOWN)
    asked = select(CONVERSATIONS.c.id, CONVERSATIONS.c.person_since).where(
        CONVERSATIONS.c.person_state.is_not(None), CONVERSATIONS.c.person_since >= since
    )
    for conversation, person_since in connection.execute(asked).all():
        turn = _handed_over(connection, conversation, person_since)
        if turn is not None:
            found[turn].add(Reason.HAND_OVER)
    return found


def _handed_over(connection: Connection, conversation: str, since: datetime) -> str | None:
    """The answer after which the customer asked for a person. Where there was none, or its card was done with before,
    the reply to that wish itself: a card must come that is open."""
    before = ANSWERS.c.conversation_id == conversation, ANSWERS.c.created_at <= since
    replies = (
        select(ANSWERS.c.turn_id)
        .where(*before)
        .order_by(ANSWERS.c.created_at.desc(), ANSWERS.c.turn_id.desc())
        .limit(1)
    )  # fmt: skip
    answered: str | None = connection.scalar(replies.where(ANSWERS.c.decision.is_not(None)))
    done = select(CARDS.c.id).where(CARDS.c.turn_id == answered, CARDS.c.state == DECIDED, CARDS.c.decided_at < since)
    if answered is not None and connection.scalar(done) is None:
        return answered
    last: str | None = connection.scalar(replies)
    return last
