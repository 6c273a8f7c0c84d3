"""The day of the review queue in numbers."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from statistics import median
from typing import Any

from sqlalchemy import Engine, func, select

from review.cards import CARDS, DECIDED, VERDICTS, Kind


@dataclass(frozen=True)
class Digest:
    """One day in UTC. `decided` by kind, what was taken back left out; hours are from opening to decision, of the cards
    decided on that day. What is open is as of the end of the call."""

    day: date
    opened: dict[str, int]
    decided: dict[str, int]
    decided_by_lane: dict[str, int]
    undone: int
    median_hours: float | None
    p90_hours: float | None
    open: int
    oldest_open: int | None
    oldest_open_since: datetime | None

    def as_json(self) -> dict[str, Any]:
        since = self.oldest_open_since
        return {**asdict(self), "day": self.day.isoformat(), "oldest_open_since": since and since.isoformat()}


def digest_of(engine: Engine, day: date) -> Digest:
    begins = datetime.combine(day, time(), UTC)
    ends = begins + timedelta(days=1)
    with engine.connect() as connection:
        opened = connection.execute(
            select(CARDS.c.lane, func.count())
            .where(CARDS.c.created_at >= begins, CARDS.c.created_at < ends)
            .group_by(CARDS.c.lane)
        ).all()
        taken_back = select(VERDICTS.c.undoes).where(VERDICTS.c.undoes.is_not(None))
        verdicts = connection.execute(
            select(VERDICTS.c.kind, VERDICTS.c.at, CARDS.c.created_at, CARDS.c.lane)
            .join(CARDS, CARDS.c.id == VERDICTS.c.card_id)
            .where(VERDICTS.c.at >= begins, VERDICTS.c.at < ends, VERDICTS.c.id.not_in(taken_back))
        ).all()
        waiting = connection.execute(
            select(CARDS.c.id, CARDS.c.created_at)
            .where(CARDS.c.state != DECIDED)
            .order_by(CARDS.c.created_at, CARDS.c.id)
        ).all()
    decided = [row for row in verdicts if row.kind != Kind.UNDO]
    hours = sorted((row.at - row.created_at) / timedelta(hours=1) for row in decided)
    return Digest(
        day=day,
        opened={row[0]: row[1] for row in sorted(opened)},
        decided=dict(sorted(Counter(row.kind for row in decided).items())),
        decided_by_lane=dict(sorted(Counter(row.lane for row in decided).items())),
        undone=len(verdicts) - len(decided),
        median_hours=median(hours) if hours else None,
        p90_hours=hours[ceil(0.9 * len(hours)) - 1] if hours else None,  # nearest rank
        open=len(waiting),
        oldest_open=waiting[0].id if waiting else None,
        oldest_open_since=waiting[0].created_at if waiting else None,
    )
