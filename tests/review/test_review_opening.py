"""Which turns get a card: each sampled one exactly one, risky ones as the day allows, the same after a crash."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from contracts.tables import OutboxRow
from contracts.wire import Decision
from gateway.outbox import OUTBOX, Send
from review.cards import CARDS, Card, Lane
from review.changes import Change
from review.opening import AT_ONCE
from review.queue import Reviews
from review.reasons import Reason
from review.settings import ROOT
from tests.review.conftest import MINUTE, NOON, Shop, params, sampled

Open = Callable[..., Reviews]
HOUR = timedelta(hours=1)


def turns_with_cards(engine: Engine, lane: Lane | None = None) -> list[str]:
    with engine.connect() as connection:
        query = select(CARDS.c.turn_id).order_by(CARDS.c.id)
        return list(connection.scalars(query if lane is None else query.where(CARDS.c.lane == lane)))


def test_every_sampled_turn_has_exactly_one_card_however_often_one_looks(
    engine: Engine, shop: Shop, reviews_of: Open
) -> None:
    turns = shop.many(700, decision=None)
    reviews = reviews_of(sample_rate=0.3)
    assert len(reviews.look(NOON).opened) == len(turns_with_cards(engine))
    assert reviews.look(NOON + MINUTE) == reviews_of(sample_rate=0.3).look(NOON + HOUR)  # nothing, also after a restart
    assert sorted(turns_with_cards(engine)) == sorted(turn for turn in turns if sampled(turn, 0.3))


def test_a_crash_in_the_middle_of_a_look_leaves_nothing_out_and_nothing_twice(engine: Engine, shop: Shop) -> None:
    turns = shop.many(450, decision=None)
    calls: list[int] = []

    def crash(_connection: Connection, _change: Change, cards: Sequence[Card]) -> None:
        calls.append(len(cards))
        if len(calls) == 3:
            raise KeyboardInterrupt

    reviews = Reviews(engine, params(sample_rate=1.0), crash)
    with pytest.raises(KeyboardInterrupt):
        reviews.look(NOON)
    assert len(turns_with_cards(engine)) == sum(calls[:2]) < 450  # the third batch was rolled back
    reviews.look(NOON + MINUTE)
    assert sorted(turns_with_cards(engine)) == sorted(turns)


KILLED = """
import os, signal
from contracts.database import open_engine
from review.opening import AT_ONCE
from review.queue import Reviews
from tests.review.conftest import NOON, params

told = []
def die(connection, change, cards):
    told.append(cards)
    if len(told) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

Reviews(open_engine(os.environ["DATABASE_URL"]), params(sample_rate=1.0), die).look(NOON)
"""


def test_a_process_that_is_killed_in_a_look_leaves_it_to_the_next(engine: Engine, shop: Shop, reviews: Reviews) -> None:
    turns = shop.many(250, decision=None)
    url = engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=ROOT, timeout=60, check=False,
        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, len(turns_with_cards(engine))) == (-signal.SIGKILL, AT_ONCE)
    assert len(reviews.look(NOON + MINUTE).opened) == 250 - AT_ONCE
    assert sorted(turns_with_cards(engine)) == sorted(turns)


def test_processes_that_look_at_once_open_each_card_once(engine: Engine, shop: Shop) -> None:
    turns, opened = shop.many(300, decision=None), []
    several = [Reviews(engine, params(sample_rate=1.0)) for _ in range(4)]
    start = threading.Barrier(4)

    def look(reviews: Reviews) -> None:
        start.wait()
        opened.extend(card.turn_id for card in reviews.look(NOON).opened)

    threads = [threading.Thread(target=look, args=(reviews,)) for reviews in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == sorted(turns) == sorted(turns_with_cards(engine))


def test_the_cap_holds_with_several_processes(engine: Engine, shop: Shop) -> None:
    shop.many(100, status="internal")
    several = [Reviews(engine, params(risk_per_day=7)) for _ in range(4)]
    threads = [threading.Thread(target=reviews.look, args=(NOON,)) for reviews in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns_with_cards(engine)) == 7


def test_an_answer_that_is_stored_late_is_not_missed(shop: Shop, reviews: Reviews) -> None:
    reviews.look(NOON)
    late = shop.turn(at=NOON - 5 * MINUTE)
    assert [card.turn_id for card in reviews.look(NOON + MINUTE).opened] == [late]


def test_a_turn_in_both_lanes_is_of_the_sample_with_its_reasons(shop: Shop, reviews: Reviews) -> None:
    shop.rate(shop.turn(decision=Decision.UNKNOWN))
    (card,) = reviews.look(NOON).opened
    assert (card.lane, card.reasons) == (Lane.SAMPLE, (Reason.THUMBS_DOWN, Reason.UNKNOWN, Reason.SAMPLE))


def test_a_good_answer_outside_the_sample_gets_no_card(shop: Shop, reviews_of: Open) -> None:
    shop.turn()
    assert reviews_of().look(NOON).opened == ()


def test_other_channels_are_left_alone(shop: Shop, reviews_of: Open) -> None:
    web, elsewhere = shop.turn(), shop.turn(channel="cmdline")
    shop.rate(elsewhere)
    opened = reviews_of(sample_rate=1.0).look(NOON).opened
    assert [card.turn_id for card in opened] == [web]


def test_the_day_has_so_many_risky_cards_and_keeps_some_for_what_is_urgent(shop: Shop, reviews_of: Open) -> None:
    shop.many(9, decision="unknown", evidence={})
    reviews = reviews_of(risk_per_day=6, risk_for_urgent=0.5)
    first = reviews.look(NOON)
    assert (len(first.opened), first.left_out) == (3, 6)
    shop.many(9, status="internal", at=NOON)
    second = reviews.look(NOON + MINUTE)
    assert [card.reasons[0] for card in second.opened] == [Reason.FAILED] * 3
    shop.many(9, status="internal", at=NOON + timedelta(days=1))
    assert len(reviews.look(NOON + timedelta(days=1, minutes=1)).opened) == 6  # a new day


def test_the_most_urgent_get_the_cards_of_the_day(shop: Shop, reviews_of: Open) -> None:
    shop.many(3, status="internal", at=NOON - 3 * MINUTE)
    disliked = shop.turn()
    shop.rate(disliked)
    assert [card.turn_id for card in reviews_of(risk_per_day=1).look(NOON).opened] == [disliked]


def test_the_cap_is_none_of_the_samples_business(shop: Shop, reviews_of: Open) -> None:
    shop.many(20)
    assert len(reviews_of(risk_per_day=0, sample_rate=1.0).look(NOON).opened) == 20


def test_a_thumbs_down_an_hour_later_opens_a_card(shop: Shop, reviews_of: Open) -> None:
    turn = shop.turn(at=NOON - 5 * HOUR)
    reviews = reviews_of()
    assert reviews.look(NOON - 4 * HOUR).opened == ()
    shop.rate(turn, at=NOON - MINUTE)
    (card,) = reviews.look(NOON).opened
    assert (card.lane, card.reasons, card.rating) == (Lane.RISK, (Reason.THUMBS_DOWN,), "down")


def test_a_later_reason_is_added_to_the_card_once(shop: Shop, reviews_of: Open) -> None:
    turn, reviews = shop.turn(decision=Decision.UNKNOWN), reviews_of()
    reviews.look(NOON)
    shop.rate(turn, at=NOON + HOUR)
    shop.ask_for_person(turn, at=NOON + HOUR)
    look = reviews.look(NOON + HOUR)
    assert (look.opened, [card.turn_id for card in look.extended]) == ((), [turn])
    assert look.extended[0].reasons == (Reason.THUMBS_DOWN, Reason.HAND_OVER, Reason.UNKNOWN)
    assert reviews.look(NOON + HOUR + MINUTE).extended == ()


def test_a_late_thumbs_down_never_adds_a_turn_to_the_sample(shop: Shop, reviews_of: Open) -> None:
    """Turns of the time before the queue was switched on aren't in the sample; only the bad ones would come in."""
    turn = shop.turn(at=NOON - timedelta(days=30))
    shop.rate(turn)
    (card,) = reviews_of(sample_rate=1.0).look(NOON).opened
    assert (card.turn_id, card.lane) == (turn, Lane.RISK)


def test_a_wish_for_a_person_is_about_the_last_answer_before_it(shop: Shop, reviews_of: Open) -> None:
    shop.turn(conversation="web-p", at=NOON - 9 * MINUTE)
    answer = shop.turn(conversation="web-p", at=NOON - 5 * MINUTE)
    handoff = shop.turn(conversation="web-p", decision=None, text="I've passed this on.", at=NOON - 4 * MINUTE)
    shop.ask_for_person(handoff)
    (card,) = reviews_of().look(NOON).opened
    assert (card.turn_id, card.reasons) == (answer, (Reason.HAND_OVER,))


def test_a_wish_for_a_person_before_any_answer_is_about_itself(shop: Shop, reviews_of: Open) -> None:
    handoff = shop.turn(conversation="web-p", decision=None, text="I've passed this on.", at=NOON - 4 * MINUTE)
    shop.ask_for_person(handoff)
    (card,) = reviews_of().look(NOON).opened
    assert (card.turn_id, card.reasons) == (handoff, (Reason.HAND_OVER,))


def test_a_wish_for_a_person_after_an_answer_that_was_reviewed_gets_a_card_that_is_open(
    shop: Shop, reviews_of: Open
) -> None:
    shop.turn(conversation="web-p", decision=Decision.UNKNOWN, at=NOON - 9 * MINUTE)
    reviews = reviews_of()
    (card,) = reviews.look(NOON - 8 * MINUTE).opened
    reviews.reject(card.id, "U1", at=NOON - 7 * MINUTE)
    handoff = shop.turn(conversation="web-p", decision=None, text="I've passed this on.", at=NOON - 4 * MINUTE)
    shop.ask_for_person(handoff)
    (another,) = reviews.look(NOON).opened
    assert (another.turn_id, another.reasons) == (handoff, (Reason.HAND_OVER,))
    reviews.take_over(another.id, "U1", at=NOON)
    assert reviews.look(NOON + MINUTE).opened == ()


def test_somebody_who_waits_for_a_person_gets_a_card_whatever_the_day_has_left(shop: Shop, reviews_of: Open) -> None:
    for number in range(3):
        handoff = shop.turn(conversation=f"web-{number}", decision=None, text="I've passed this on.")
        shop.ask_for_person(handoff)
    shop.turn(decision=Decision.UNKNOWN)
    look = reviews_of(risk_per_day=1, risk_for_urgent=0).look(NOON)
    assert [card.reasons for card in look.opened].count((Reason.HAND_OVER,)) == 3
    assert (len(look.opened), look.left_out) == (4, 0)


def test_a_contradiction_opens_a_card_for_the_later_answer(shop: Shop, reviews_of: Open) -> None:
    shop.turn(text="Yes.", at=NOON - 2 * HOUR)
    reviews = reviews_of()
    reviews.look(NOON - HOUR)
    later = shop.turn(text="No.")
    (card,) = reviews.look(NOON).opened
    assert (card.turn_id, card.reasons) == (later, (Reason.CONTRADICTION,))


def test_when_the_rate_is_raised_a_risky_card_moves_into_the_sample(shop: Shop, reviews_of: Open) -> None:
    shop.turn(decision=Decision.UNKNOWN)
    reviews_of().look(NOON)
    (card,) = reviews_of(sample_rate=1.0).look(NOON + MINUTE).extended
    assert (card.lane, card.reasons) == (Lane.SAMPLE, (Reason.UNKNOWN, Reason.SAMPLE))


def test_what_listens_writes_in_the_same_transaction(engine: Engine, shop: Shop) -> None:
    def post(connection: Connection, change: Change, cards: Sequence[Card]) -> None:
        for card in cards:
            send = Send("slack", "C1", f"{change}:{card.id}", "chat.postMessage", {"text": card.question})
            connection.execute(OUTBOX.insert(), send.row())

    shop.turn()
    reviews = Reviews(engine, params(sample_rate=1.0), post)
    (card,) = reviews.look(NOON).opened
    reviews.claim(card.id, "U1")
    with engine.connect() as connection:
        keys: list[Any] = list(connection.scalars(select(OutboxRow.key).order_by(OutboxRow.id)))
    assert keys == [f"opened:{card.id}", f"claimed:{card.id}"]
