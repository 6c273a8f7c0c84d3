"""Relevance of a curated FAQ: how much it is used, with old uses fading.

Forward decay (Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay, ICDE 2009): each use at time t weighs
2^((t - EPOCH) / HALF_LIFE) and the weights are summed. An order by that sum never changes by waiting alone, so
no row needs an update unless it is used. The column holds the logarithm (base 2) of the sum.
"""

from datetime import UTC, datetime
from math import log2

from sqlalchemy import Engine, select
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
    with Session(engine) as session, session.begin():
        row = session.scalar(select(FaqRow).where(FaqRow.id == faq_id).with_for_update())
        if row is None:
            return False
        use = weight_log2(moment)
        top, low = max(row.relevance, use), min(row.relevance, use)
        row.relevance = top + log2(1 + 2 ** (low - top))
        row.uses += 1
        row.last_used_at = moment
    return True
