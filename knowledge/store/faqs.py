"""Relevance of a curated FAQ: how much it is used, with old uses fading.

Forward decay (Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009): each use at time t weighs
2^((t - EPOCH) / HALF_LIFE) and the weights are summed. An order by that sum never changes by waiting alone, so
no row needs an update unless it is used. The column holds the logarithm (base 2) of the sum.
"""

from datetime import UTC, datetime
from math import log2

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from contracts.tables import FaqRow, now

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
HALF_LIFE_DAYS = 30.0


def weight_log2(moment: datetime) -> float:
    return (moment - EPOCH).total_seconds() / 86_400 / HALF_LIFE_DAYS


def first_relevance(updated_at: datetime) -> float:
    """A new FAQ counts as used once, on the day it was written."""
    return weight_log2(updated_at)


def record_use(engine: Engine, faq_id: str, moment: datetime | None = None) -> bool:
    """Count one use; False when there is no such FAQ (it may have been removed meanwhile)."""
    moment = moment or now()
    while True:
        with Session(engine) as session, session.begin():
            row = session.get(FaqRow, faq_id)
            if row is None:
                return False
            # Only if nobody counted a use since we read: SQLite knows no lock on a row.
            unchanged = update(FaqRow).where(FaqRow.id == faq_id, FaqRow.uses == row.uses)
            counted = unchanged.values(
                relevance=_added(row.relevance, weight_log2(moment)), uses=row.uses + 1, last_used_at=moment
            )
            found = counted.returning(FaqRow.id).execution_options(synchronize_session=False)
            if session.scalar(found) is not None:
                return True


def _added(one: float, other: float) -> float:
    """log2(2^one + 2^other) without ever computing the powers, which are huge."""
    top, low = max(one, other), min(one, other)
    return top + log2(1 + 2 ** (low - top))
