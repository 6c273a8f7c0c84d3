"""How good are the answers? Told from the sample alone, since only the sample stands for all turns.

The risk lane holds what looked wrong: its share of bad answers says nothing about the rest, so it is counted apart and
never added. What in the sample is undecided, or was taken over, is reported as that and guessed about in no way.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from review.cards import ANSWERS, CARDS, Kind, Lane, parts, standing_verdicts
from review.intervals import Share, expected_interval
from review.sampling import first_messages, in_sample, message_id
from review.settings import ReviewParams

RIGHT = frozenset({Kind.APPROVE})
WRONG = frozenset({Kind.CORRECT, Kind.REJECT, Kind.NEEDS_PAGE})
UNDECIDED = "undecided"
NO_DECISION = "none"


@dataclass(frozen=True)
class Counted:
    """Cards by what was decided about them, `undecided` among it."""

    cards: int
    by_kind: dict[str, int]

    @property
    def right(self) -> Share:
        """Approved, of those that were judged."""
        right = sum(self.by_kind.get(kind, 0) for kind in RIGHT)
        return Share(right, right + sum(self.by_kind.get(kind, 0) for kind in WRONG))

    @property
    def undecided(self) -> int:
        return self.by_kind.get(UNDECIDED, 0)

    def as_json(self) -> dict[str, Any]:
        low, high = self.right.wilson()
        return {
            **asdict(self), "right": self.right.hits, "judged": self.right.of, "quality": self.right.value,
            "low": low, "high": high, "undecided": self.undecided,
        }  # fmt: skip


@dataclass(frozen=True)
class SamplingCheck:
    """Whether the sample is what it should be: the turns that are in it by their ids, of all turns of the period,
    against the 99 % interval of the wanted rate; and those of them that have no card of the sample."""

    in_sample: int
    turns: int
    rate: float
    low: float
    high: float
    without_card: int

    @property
    def share(self) -> float | None:
        return Share(self.in_sample, self.turns).value

    @property
    def fine(self) -> bool:
        return self.without_card == 0 and (self.share is None or self.low <= self.share <= self.high)


@dataclass(frozen=True)
class Estimate:
    """`sample`: what may be said of all answers. `by_decision`: the same for each kind of answer; `none` are greetings
    and the like. `risk`: what was found where it was looked for; no estimate of anything."""

    since: datetime
    until: datetime
    sample: Counted
    by_decision: dict[str, Counted]
    risk: Counted
    sampling: SamplingCheck

    def as_json(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(), "until": self.until.isoformat(), "sample": self.sample.as_json(),
            "by_decision": {decision: counted.as_json() for decision, counted in self.by_decision.items()},
            "risk": asdict(self.risk),
            "sampling": {**asdict(self.sampling), "share": self.sampling.share, "fine": self.sampling.fine},
        }  # fmt: skip


def estimate_quality(engine: Engine, params: ReviewParams, since: datetime, until: datetime) -> Estimate:
    """Of the answers given from `since` to before `until`."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(CARDS.c.id, CARDS.c.lane, ANSWERS.c.decision)
            .join(ANSWERS, ANSWERS.c.turn_id == CARDS.c.turn_id)
            .where(ANSWERS.c.created_at >= since, ANSWERS.c.created_at < until)
        ).all()
        verdicts = {
            card: str(row.kind)
            for some in parts([row.id for row in rows])
            for card, row in standing_verdicts(connection, some).items()
        }
        sample = [row for row in rows if row.lane == Lane.SAMPLE]
        kinds = sorted({row.decision or NO_DECISION for row in sample})
        return Estimate(
            since=since,
            until=until,
            sample=_count(sample, verdicts),
            by_decision={
                kind: _count([row for row in sample if (row.decision or NO_DECISION) == kind], verdicts)
                for kind in kinds
            },
            risk=_count([row for row in rows if row.lane == Lane.RISK], verdicts),
            sampling=_check(connection, params, since, until),
        )


def _count(cards: Iterable[Any], verdicts: dict[int, str]) -> Counted:
    by_kind = Counter(verdicts.get(card.id, UNDECIDED) for card in cards)
    return Counted(sum(by_kind.values()), dict(sorted(by_kind.items())))


def _check(connection: Connection, params: ReviewParams, since: datetime, until: datetime) -> SamplingCheck:
    turns = connection.execute(
        select(ANSWERS.c.turn_id, ANSWERS.c.conversation_id).where(
            ANSWERS.c.channel.in_(params.channels), ANSWERS.c.created_at >= since, ANSWERS.c.created_at < until
        )
    ).all()
    chosen: list[str] = []
    for some in parts(turns):
        firsts = first_messages(connection, [row.turn_id for row in some])
        ids = {row.turn_id: message_id(row.conversation_id, row.turn_id, firsts.get(row.turn_id)) for row in some}
        chosen += [turn for turn, id in ids.items() if in_sample(id, params.sample_rate)]
    with_card = 0
    for part in parts(chosen):
        theirs = select(CARDS.c.id).where(CARDS.c.turn_id.in_(part), CARDS.c.lane == Lane.SAMPLE)
        with_card += len(connection.scalars(theirs).all())
    low, high = expected_interval(params.sample_rate, len(turns))
    return SamplingCheck(len(chosen), len(turns), params.sample_rate, low, high, len(chosen) - with_card)
