"""The numbers: quality from the sample alone, honest intervals, the day in a digest."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from contracts.wire import Decision
from pipeline.evaluate import Rate
from review.cards import CARDS, Lane
from review.digest import digest_of
from review.estimate import Estimate, estimate_quality
from review.intervals import Share, expected_interval
from review.queue import Reviews
from tests.review.conftest import MINUTE, NOON, Shop, params, sampled

DAY = timedelta(days=1)
Open = Callable[..., Reviews]


def estimate(engine: Engine, rate: float = 1.0) -> Estimate:
    return estimate_quality(engine, params(sample_rate=rate), NOON - DAY, NOON)


@pytest.fixture
def judged(engine: Engine, shop: Shop) -> Reviews:
    """Half of the turns in the sample; of those in the risk lane each one is bad."""
    shop.many(60, decision="unknown", evidence={})
    reviews = Reviews(engine, params(sample_rate=0.5, risk_per_day=100, risk_for_urgent=0))
    for card in reviews.look(NOON).opened:
        if card.lane == Lane.RISK:
            reviews.reject(card.id, "U1", at=NOON)
        elif card.id % 3:
            reviews.approve(card.id, "U1", at=NOON)
    return reviews


def test_the_lanes_are_never_mixed(engine: Engine, judged: Reviews) -> None:
    found = estimate(engine, 0.5)
    assert found.sample.cards + found.risk.cards == 60
    assert found.sample.right.value == 1.0  # whatever stands in the risk lane
    assert found.risk.by_kind == {"reject": found.risk.cards} and found.risk.cards > 5
    assert found.sample.undecided == found.sample.cards - found.sample.right.of > 0


def test_risky_cards_change_nothing_of_the_estimate(engine: Engine, shop: Shop, judged: Reviews) -> None:
    before = estimate(engine, 0.5)
    for turn in shop.many(30, at=NOON - 2 * MINUTE, status="internal"):
        card = judged.card_of(turn) or next(c for c in judged.look(NOON).opened if c.turn_id == turn)
        if card.lane == Lane.RISK:
            judged.reject(card.id, "U1", at=NOON)
    assert (estimate(engine, 0.5).sample.right, before.sample.right.of > 0) == (before.sample.right, True)


@pytest.mark.parametrize(
    ("method", "right", "of"),
    [("approve", 1, 1), ("reject", 0, 1), ("needs_page", 0, 1), ("take_over", 0, 0)],
)
def test_each_verdict_counts_as_what_it_says(
    engine: Engine, shop: Shop, reviews: Reviews, method: str, right: int, of: int
) -> None:
    shop.turn()
    (card,) = reviews.look(NOON).opened
    getattr(reviews, method)(card.id, "U1", at=NOON)
    assert estimate(engine).sample.right == Share(right, of)
    reviews.undo(card.id, "U1", at=NOON + MINUTE)
    assert estimate(engine).sample.by_kind == {"undecided": 1}
    reviews.correct(card.id, "U1", "Better.", at=NOON + MINUTE)
    assert estimate(engine).sample.by_kind == {"correct": 1}


def test_kinds_of_answers_are_told_apart(engine: Engine, shop: Shop, reviews: Reviews) -> None:
    shop.turn()
    shop.turn(decision=None, text="Hello!")
    for card in reviews.look(NOON).opened:
        (reviews.reject if card.decision else reviews.approve)(card.id, "U1", at=NOON)
    found = estimate(engine)
    assert (found.sample.right, found.by_decision["curated"].right) == (Share(1, 2), Share(0, 1))
    assert found.by_decision["none"].right == Share(1, 1)


def test_only_answers_of_the_period_count(engine: Engine, shop: Shop, reviews: Reviews) -> None:
    shop.many(3, at=NOON - 2 * DAY)
    shop.many(2, at=NOON)
    reviews.look(NOON)
    assert (estimate(engine).sample.cards, estimate(engine).sampling.turns) == (0, 0)
    assert estimate(engine).sampling.fine


def test_the_sampling_is_checked_against_the_wanted_rate(engine: Engine, shop: Shop, reviews_of: Open) -> None:
    turns = shop.many(600, decision=None)
    shop.turn(channel="cmdline")
    reviews_of(sample_rate=0.2).look(NOON)
    check = estimate(engine, 0.2).sampling
    assert (check.turns, check.in_sample) == (600, sum(sampled(turn, 0.2) for turn in turns))
    assert (check.without_card, check.low < 0.2 < check.high) == (0, True)
    assert check.fine == (check.low <= check.in_sample / 600 <= check.high)
    assert estimate(engine, 0.6).sampling.without_card > 0  # cards of another rate


def test_a_sampled_turn_without_a_card_is_noticed(engine: Engine, shop: Shop, reviews: Reviews) -> None:
    shop.many(20)
    assert estimate(engine).sampling.without_card == 20
    reviews.look(NOON)
    assert estimate(engine).sampling.without_card == 0
    with engine.begin() as connection:
        connection.execute(update(CARDS).where(CARDS.c.id == 1).values(lane="risk"))
    assert (estimate(engine).sampling.without_card, estimate(engine).sampling.fine) == (1, False)


@given(of=st.integers(0, 500), share=st.floats(0, 1))
def test_the_interval_is_that_of_the_evaluation_and_holds_the_share(of: int, share: float) -> None:
    hits = round(of * share)
    low, high = Share(hits, of).wilson()
    assert 0 <= low <= (hits / of if of else 0.5) <= high <= 1
    assert (low, high) == pytest.approx(Rate(hits, of).interval(), abs=1e-4)


def test_wilson_by_the_book() -> None:
    assert Share(81, 263).wilson() == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I
    assert Share(0, 20).wilson() == pytest.approx((0.0, 0.1611), abs=5e-5)


@given(rate=st.floats(0, 1), count=st.integers(0, 10_000))
def test_the_expected_interval_holds_the_rate(rate: float, count: int) -> None:
    low, high = expected_interval(rate, count)
    assert 0 <= low <= rate <= high <= 1


def test_json_says_all_of_it(engine: Engine, judged: Reviews) -> None:
    said = estimate(engine, 0.5).as_json()
    assert said["sample"]["quality"] == 1.0 and said["sample"]["low"] < 1.0 == said["sample"]["high"]
    assert said["sampling"]["without_card"] == 0 and said["risk"]["by_kind"].keys() == {"reject"}


def test_the_digest_of_a_day(engine: Engine, shop: Shop, reviews: Reviews) -> None:
    shop.many(12, decision=Decision.UNKNOWN, evidence={})
    cards = reviews.look(NOON).opened
    for hours, card in enumerate(cards[:10], 1):
        reviews.approve(card.id, "U1", at=NOON + timedelta(hours=hours))
    reviews.undo(cards[9].id, "U1", at=NOON + timedelta(hours=10, minutes=1))
    reviews.correct(cards[9].id, "U1", "So.", at=NOON + timedelta(hours=10))
    found = reviews.digest(NOON.date())
    assert (found.opened, found.decided) == ({"sample": 12}, {"approve": 9, "correct": 1})
    assert (found.decided_by_lane, found.undone, found.open) == ({"sample": 10}, 1, 2)
    assert (found.median_hours, found.p90_hours) == (5.5, 9.0)
    assert (found.oldest_open, found.oldest_open_since) == (cards[10].id, NOON)
    nothing = digest_of(engine, date(2020, 1, 1))
    assert (nothing.opened, nothing.decided, nothing.median_hours, nothing.open) == ({}, {}, None, 2)
