"""Any order of claims, verdicts and taking back, against a model of a few lines: states, journal and corrections."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from contracts.errors import Used
from review.cards import CLAIMED, CORRECTIONS, DECIDED, OPEN, VERDICTS
from review.queue import Reviews
from tests.review.conftest import MINUTE, NOON, Shop, params

OPERATORS = st.sampled_from(["U1", "U2"])
DEEDS = st.sampled_from(["claim", "release", "approve", "reject", "correct", "undo", "lapse"])
STEPS = st.lists(st.tuples(DEEDS, OPERATORS, st.sampled_from([0, 1, 8, 16])), max_size=14)


@dataclass
class Model:
    """One card as it should be."""

    state: str = OPEN
    by: str | None = None
    since: datetime = NOON
    decided_at: datetime = NOON
    journal: list[str] = field(default_factory=list)

    def does(self, deed: str, operator: str, at: datetime) -> bool:
        """Whether it is allowed; then it is done."""
        lapsed = self.state == CLAIMED and at - self.since >= timedelta(minutes=15)
        free = self.state == OPEN or (self.state == CLAIMED and (self.by == operator or lapsed))
        if deed == "lapse":
            self.state, self.by = (OPEN, None) if lapsed else (self.state, self.by)
            return True
        if deed == "claim" and free:
            self.state, self.by, self.since = CLAIMED, operator, at
        elif deed == "release" and self.state == CLAIMED and self.by == operator:
            self.state, self.by = OPEN, None
        elif deed == "undo" and self.state == DECIDED and at - self.decided_at < timedelta(minutes=10):
            self.state, self.by, self.journal = OPEN, None, [*self.journal, "undo"]
        elif deed in ("approve", "reject", "correct") and free:
            self.state, self.by, self.decided_at, self.journal = DECIDED, operator, at, [*self.journal, deed]
        else:
            return False
        return True


def do(reviews: Reviews, card: int, deed: str, operator: str, at: datetime) -> bool:
    work: dict[str, Callable[[], Any]] = {
        "lapse": lambda: reviews.lapse(at),
        "release": lambda: reviews.release(card, operator),
        "correct": lambda: reviews.correct(card, operator, f"said at {at}", at=at),
    }
    try:
        work.get(deed, lambda: getattr(reviews, deed)(card, operator, at=at))()
    except Used:
        return False
    return True


def rows(engine: Engine, table: Any, turn: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(table).where(table.c.turn_id == turn).order_by(table.c.id)))


@pytest.mark.timeout(240)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=STEPS)
def test_a_card_goes_through_its_states_as_the_model_does(engine: Engine, shop: Shop, steps: list[Any]) -> None:
    turn, model, at = shop.turn(), Model(), NOON
    reviews = Reviews(engine, params(sample_rate=1.0))
    card = next(card for card in reviews.look(NOON).opened if card.turn_id == turn)
    for deed, operator, minutes in steps:
        at += minutes * MINUTE
        assert do(reviews, card.id, deed, operator, at) == model.does(deed, operator, at), deed
    found = reviews.card(card.id)
    assert (found.state, found.claimed_by) == (model.state, model.by)
    journal = rows(engine, VERDICTS, turn)
    assert [row.kind for row in journal] == model.journal
    assert all(row.undoes == before.id for before, row in pairwise(journal) if row.undoes)
    corrections = rows(engine, CORRECTIONS, turn)
    live = [row.id for row in corrections if row.retired_at is None]
    assert (len(corrections), live) == (model.journal.count("correct"), [found.correction] if found.correction else [])
    assert (found.verdict == "correct") == bool(live)
