"""A card as operators see it: the turn, why it is here, who has it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Select, select

from contracts.errors import NotFound, Used
from contracts.tables import AnswerRow, Base, CardRow, CorrectionRow, RatingRow, VerdictRow
from contracts.wire import Evidence, Source
from review.reasons import Reason, most_urgent_first

ANSWERS, CARDS, CORRECTIONS, RATINGS, VERDICTS = (
    Base.metadata.tables[row.__tablename__] for row in (AnswerRow, CardRow, CorrectionRow, RatingRow, VerdictRow)
)
OPEN, CLAIMED, DECIDED = "open", "claimed", "decided"
NO_SUCH_CARD = "There is no such card."
Item = TypeVar("Item")


class Lane(StrEnum):
    SAMPLE = "sample"
    RISK = "risk"


class Kind(StrEnum):
    """What a verdict says."""

    APPROVE = "approve"
    CORRECT = "correct"
    REJECT = "reject"
    NEEDS_PAGE = "needs_page"
    TAKE_OVER = "take_over"
    UNDO = "undo"


class Taken(Used):
    """Somebody else was first. `by`: who has the card, or has decided it; `since`: since when."""

    def __init__(self, message: str, by: str, since: datetime | None) -> None:
        super().__init__(message)
        self.by, self.since = by, since


@dataclass(frozen=True)
class Card:
    """A row of `review_cards` with its turn. `channel` is where the customer is; `shown_in` and `ts` are where Slack
    shows the card. `verdict` is the one that stands, if the card is decided; `correction` the id of its answer."""

    id: int
    turn_id: str
    conversation: str
    channel: str
    lane: Lane
    reasons: tuple[Reason, ...]
    state: str
    claimed_by: str | None
    claimed_at: datetime | None
    created_at: datetime
    decided_at: datetime | None
    shown_in: str | None
    ts: str | None
    question: str
    text: str
    status: str
    decision: str | None
    evidence: Evidence | None
    answered_at: datetime
    rating: str | None
    rating_reason: str | None
    rating_comment: str | None
    verdict: Kind | None = None
    correction: str | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.evidence.sources if self.evidence else ()

    @property
    def asked(self) -> str:
        """The question as it was searched: a follow-up joined to its forerunner."""
        return self.evidence.question if self.evidence and self.evidence.question else self.question


def whole_cards() -> Select[Any]:
    """Cards with their turns and ratings; narrow it down by `CARDS`."""
    of_card = [
        column.label(f"card_{column.name}") if column.name in ("channel", "created_at") else column
        for column in CARDS.c
        if column.name not in ("reminded_at", "escalated_at")
    ]
    of_answer = [ANSWERS.c[name] for name in ("conversation_id", "channel", "question", "text", "status", "decision")]
    return (
        select(*of_card, *of_answer, ANSWERS.c.evidence, ANSWERS.c.created_at.label("answered_at"),
               RATINGS.c.value.label("rating"), RATINGS.c.reason.label("rating_reason"),
               RATINGS.c.comment.label("rating_comment"))
        .join(ANSWERS, ANSWERS.c.turn_id == CARDS.c.turn_id)
        .outerjoin(RATINGS, RATINGS.c.turn_id == CARDS.c.turn_id)
    )  # fmt: skip


def cards_by_id(connection: Connection, ids: Iterable[int]) -> tuple[Card, ...]:
    """In the order of their ids. Those that aren't there are left out."""
    wanted = sorted(set(ids))
    rows = [row for part in parts(wanted) for row in connection.execute(whole_cards().where(CARDS.c.id.in_(part)))]
    decided = [row.id for row in rows if row.state == DECIDED]
    standing = {
        card: found for part in parts(decided) for card, found in standing_verdicts(connection, part).items()
    }  # fmt: skip
    return tuple(_card(row, standing.get(row.id)) for row in sorted(rows, key=lambda row: row.id))


def one_card(connection: Connection, id: int) -> Card:
    """Raises NotFound."""
    found = cards_by_id(connection, [id])
    if not found:
        raise NotFound(NO_SUCH_CARD)
    return found[0]


def standing_verdicts(connection: Connection, cards: Iterable[int]) -> dict[int, Row[Any]]:
    """Card → its last verdict, if that was not taken back; with `correction`, the id of the answer it made."""
    taken_back = select(VERDICTS.c.undoes).where(VERDICTS.c.undoes.is_not(None))
    rows = connection.execute(
        select(VERDICTS, CORRECTIONS.c.id.label("correction"))
        .outerjoin(
            CORRECTIONS,
            (CORRECTIONS.c.turn_id == VERDICTS.c.turn_id)
            & CORRECTIONS.c.retired_at.is_(None)
            & (VERDICTS.c.kind == Kind.CORRECT),
        )
        .where(VERDICTS.c.card_id.in_(list(cards)), VERDICTS.c.kind != Kind.UNDO, VERDICTS.c.id.not_in(taken_back))
        .order_by(VERDICTS.c.id)
    )
    return {row.card_id: row for row in rows}


def parts(items: Sequence[Item], most: int = 500) -> list[Sequence[Item]]:
    """A database takes only so many parameters at once."""
    return [items[start : start + most] for start in range(0, len(items), most)]


def _card(row: Row[Any], standing: Row[Any] | None) -> Card:
    return Card(
        id=row.id, turn_id=row.turn_id, conversation=row.conversation_id, channel=row.channel, lane=Lane(row.lane),
        reasons=most_urgent_first(row.reasons), state=row.state, claimed_by=row.claimed_by, claimed_at=row.claimed_at,
        created_at=row.card_created_at, decided_at=row.decided_at, shown_in=row.card_channel, ts=row.ts,
        question=row.question, text=row.text, status=row.status, decision=row.decision,
        evidence=_evidence(row.evidence), answered_at=row.answered_at, rating=row.rating,
        rating_reason=row.rating_reason, rating_comment=row.rating_comment,
        verdict=None if standing is None else Kind(standing.kind),
        correction=None if standing is None else standing.correction,
    )  # fmt: skip


def _evidence(stored: object) -> Evidence | None:
    """None also for what another release stored and this one can't read."""
    try:
        return None if stored is None else Evidence.model_validate(stored)
    except ValidationError:
        return None
