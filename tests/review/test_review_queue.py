"""Claims, verdicts and taking back: exactly one wins, everything or nothing is written, nothing is lost."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from contracts.errors import BadRequest, NotFound, Used
from contracts.wire import Audience
from review.cards import CORRECTIONS, DECIDED, OPEN, VERDICTS, Card, Kind, Taken
from review.changes import Change
from review.queue import Reviews
from tests.review.conftest import MINUTE, NOON, Shop, params, source

P95_SECONDS = 0.3
ANSWER = "Open Versions, pick a day, press Restore."


@pytest.fixture
def card(shop: Shop, reviews: Reviews) -> Card:
    shop.turn()
    (card,) = reviews.look(NOON).opened
    return card


def rows(engine: Engine, table: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(table)))


def at_once(count: int, work: Callable[[int], None]) -> None:
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_card_shows_the_turn_and_why_it_is_here(reviews: Reviews, card: Card) -> None:
    assert (card.question, card.text) == ("how do I restore one file", "Choose Versions, then Restore.")
    assert [one.title for one in card.sources] == ["Restore a file"]
    assert reviews.card(card.id) == reviews.card_of(card.turn_id) == reviews.undecided()[0] == card


def test_of_two_operators_at_once_one_gets_the_card_and_the_other_learns_who(reviews: Reviews, card: Card) -> None:
    won: list[str] = []
    lost: list[str] = []

    def claim(number: int) -> None:
        try:
            won.append(reviews.claim(card.id, f"U{number}").claimed_by or "")
        except Taken as taken:
            lost.append(taken.by)

    at_once(8, claim)
    assert len(won) == 1
    assert lost == won * 7


def test_of_two_verdicts_at_once_one_is_written(engine: Engine, reviews: Reviews, card: Card) -> None:
    refused: list[Exception] = []

    def decide(number: int) -> None:
        try:
            reviews.correct(card.id, f"U{number % 2}", ANSWER)  # also the same operator twice
        except Taken as taken:
            refused.append(taken)

    at_once(8, decide)
    assert len(refused) == 7
    assert len(rows(engine, VERDICTS)) == len(rows(engine, CORRECTIONS)) == 1


def test_a_claim_lapses(reviews: Reviews, card: Card) -> None:
    reviews.claim(card.id, "U1", at=NOON)
    with pytest.raises(Taken, match=r"U1 has had this card since 12:00 UTC\.") as taken:
        reviews.claim(card.id, "U2", at=NOON + 14 * MINUTE)
    assert (taken.value.by, taken.value.since) == ("U1", NOON)
    assert reviews.claim(card.id, "U2", at=NOON + 15 * MINUTE).claimed_by == "U2"


def test_who_claims_again_has_it_longer(reviews: Reviews, card: Card) -> None:
    reviews.claim(card.id, "U1", at=NOON)
    reviews.claim(card.id, "U1", at=NOON + 10 * MINUTE)
    with pytest.raises(Taken):
        reviews.claim(card.id, "U2", at=NOON + 20 * MINUTE)


def test_lapsed_claims_are_opened_and_told_once(reviews: Reviews, card: Card) -> None:
    reviews.claim(card.id, "U1", at=NOON)
    assert reviews.lapse(NOON + 14 * MINUTE) == ()
    (free,) = reviews.lapse(NOON + 15 * MINUTE)
    assert (free.id, free.state, free.claimed_by) == (card.id, OPEN, None)
    assert reviews.lapse(NOON + 16 * MINUTE) == ()


def test_a_card_is_given_back_by_who_has_it(reviews: Reviews, card: Card) -> None:
    reviews.claim(card.id, "U1")
    with pytest.raises(Used, match="You don't have this card"):
        reviews.release(card.id, "U2")
    assert reviews.release(card.id, "U1").state == OPEN
    with pytest.raises(Used):
        reviews.release(card.id, "U1")


@pytest.mark.parametrize("kind", [Kind.APPROVE, Kind.REJECT, Kind.NEEDS_PAGE, Kind.TAKE_OVER])
def test_a_verdict_decides_the_card_and_keeps_what_it_was_about(
    engine: Engine, reviews: Reviews, card: Card, kind: Kind
) -> None:
    decided = getattr(reviews, kind.value)(card.id, "U1", comment=" mail a@b.example ", at=NOON)
    assert (decided.state, decided.verdict, decided.decided_at) == (DECIDED, kind, NOON)
    (verdict,) = rows(engine, VERDICTS)
    assert (verdict.kind, verdict.operator, verdict.before, verdict.after) == (kind, "U1", card.text, None)
    assert (verdict.comment, verdict.turn_id, verdict.at) == ("mail <email>", card.turn_id, NOON)
    assert verdict.evidence["sources"][0]["id"] == "faq:1"
    assert reviews.undecided() == ()


def test_who_is_not_let_in_has_not_taken_over(engine: Engine, reviews: Reviews, card: Card) -> None:
    def refuse(_connection: Connection, _card: Card) -> None:
        raise Used("Ida is in this conversation already.")

    with pytest.raises(Used, match="Ida"):
        reviews.take_over(card.id, "U1", refuse)
    assert rows(engine, VERDICTS) == []
    assert reviews.card(card.id).state == OPEN


def test_a_correction_becomes_a_reviewed_answer(engine: Engine, shop: Shop, reviews: Reviews) -> None:
    shop.turn(question="restore for mara@firm.example please", channel="slack")
    (card,) = reviews.look(NOON).opened
    done = reviews.correct(card.id, "U1", f" {ANSWER}\n", sources=[source(id="faq:2")], at=NOON)
    (written,) = rows(engine, CORRECTIONS)
    assert done.correction == written.id
    assert written.id.startswith("fix:")
    assert (written.question, written.answer) == ("restore for <email> please", ANSWER)
    assert (written.audience, written.turn_id, written.operator) == ("internal", card.turn_id, "U1")
    assert (written.created_at, written.changed_at, written.retired_at) == (NOON, NOON, None)
    assert "score" not in written.sources[0] and written.sources[0]["id"] == "faq:2"
    assert rows(engine, VERDICTS)[0].after == ANSWER


def test_the_operator_may_word_the_question_and_choose_who_reads_it(
    engine: Engine, reviews: Reviews, card: Card
) -> None:
    reviews.correct(card.id, "U1", ANSWER, question="How do I restore a file?", audience=Audience.INTERNAL)
    (written,) = rows(engine, CORRECTIONS)
    assert (written.question, written.audience) == ("How do I restore a file?", "internal")


@pytest.mark.parametrize("wrong", [{"answer": " \n"}, {"answer": ANSWER, "question": " "}])
def test_a_correction_without_words_is_refused_and_nothing_written(
    engine: Engine, reviews: Reviews, card: Card, wrong: dict[str, str]
) -> None:
    with pytest.raises(BadRequest):
        reviews.correct(card.id, "U1", **wrong)
    assert rows(engine, VERDICTS) == rows(engine, CORRECTIONS) == []
    assert reviews.card(card.id).state == OPEN


def test_what_somebody_else_has_is_not_decided(reviews: Reviews, card: Card) -> None:
    reviews.claim(card.id, "U1", at=NOON)
    with pytest.raises(Taken, match="U1 has had"):
        reviews.approve(card.id, "U2", at=NOON + MINUTE)
    assert reviews.approve(card.id, "U2", at=NOON + 15 * MINUTE).claimed_by == "U2"


def test_a_second_verdict_is_refused(reviews: Reviews, card: Card) -> None:
    reviews.approve(card.id, "U1", at=NOON)
    for operator in ("U1", "U2"):
        with pytest.raises(Taken, match=r"U1 has decided this card at 12:00 UTC\."):
            reviews.reject(card.id, operator, at=NOON + MINUTE)
        with pytest.raises(Taken, match="has decided"):
            reviews.claim(card.id, operator, at=NOON + MINUTE)


@pytest.mark.parametrize("method", ["claim", "release", "approve", "undo"])
def test_a_card_that_is_not_there_is_not_found(reviews: Reviews, method: str) -> None:
    with pytest.raises(NotFound):
        getattr(reviews, method)(4711, "U1")


def test_taken_back_the_card_is_open_and_its_correction_retired(engine: Engine, reviews: Reviews, card: Card) -> None:
    reviews.correct(card.id, "U1", ANSWER, at=NOON)
    back = reviews.undo(card.id, "U2", at=NOON + 9 * MINUTE)
    assert (back.state, back.claimed_by, back.decided_at, back.verdict, back.correction) == (OPEN, *[None] * 4)
    first, second = rows(engine, VERDICTS)
    assert (second.kind, second.undoes, second.operator) == ("undo", first.id, "U2")
    (written,) = rows(engine, CORRECTIONS)
    assert written.retired_at == written.changed_at == NOON + 9 * MINUTE


def test_after_taking_back_one_can_decide_anew(engine: Engine, reviews: Reviews, card: Card) -> None:
    reviews.correct(card.id, "U1", ANSWER, at=NOON)
    reviews.undo(card.id, "U1", at=NOON + MINUTE)
    again = reviews.correct(card.id, "U2", "Better.", at=NOON + 2 * MINUTE)
    assert (again.verdict, again.claimed_by) == (Kind.CORRECT, "U2")
    assert [row.answer for row in rows(engine, CORRECTIONS) if row.retired_at is None] == ["Better."]
    assert [row.kind for row in rows(engine, VERDICTS)] == ["correct", "undo", "correct"]


def test_after_ten_minutes_a_decision_stands(engine: Engine, reviews: Reviews, card: Card) -> None:
    reviews.approve(card.id, "U1", at=NOON)
    with pytest.raises(Used, match="within 10 minutes"):
        reviews.undo(card.id, "U1", at=NOON + 10 * MINUTE)
    assert len(rows(engine, VERDICTS)) == 1


def test_nothing_is_taken_back_twice(engine: Engine, reviews: Reviews, card: Card) -> None:
    refused: list[Used] = []
    reviews.approve(card.id, "U1", at=NOON)

    def undo(_number: int) -> None:
        try:
            reviews.undo(card.id, "U1", at=NOON + MINUTE)
        except Used as used:
            refused.append(used)

    at_once(4, undo)
    assert len(refused) == 3
    assert [row.kind for row in rows(engine, VERDICTS)] == ["approve", "undo"]


@pytest.mark.parametrize("change", [Change.CLAIMED, Change.DECIDED, Change.UNDONE])
def test_a_crash_before_the_end_leaves_everything_as_it_was(
    engine: Engine, reviews: Reviews, card: Card, change: Change
) -> None:
    def crash(_connection: Connection, told: Change, _cards: Sequence[Card]) -> None:
        if told is change:
            raise KeyboardInterrupt

    if change is Change.UNDONE:
        reviews.correct(card.id, "U1", ANSWER, at=NOON)
    before = reviews.card(card.id), rows(engine, VERDICTS), rows(engine, CORRECTIONS)
    crashing = Reviews(engine, params(), crash)
    work = {
        Change.CLAIMED: lambda: crashing.claim(card.id, "U1"),
        Change.DECIDED: lambda: crashing.correct(card.id, "U1", ANSWER),
        Change.UNDONE: lambda: crashing.undo(card.id, "U1", at=NOON + MINUTE),
    }
    with pytest.raises(KeyboardInterrupt):
        work[change]()
    assert (reviews.card(card.id), rows(engine, VERDICTS), rows(engine, CORRECTIONS)) == before


def test_reminders_and_escalations_come_once(reviews: Reviews, card: Card) -> None:
    hours = timedelta(hours=1)
    assert (reviews.to_remind(NOON + 3 * hours), reviews.to_escalate(NOON + 23 * hours)) == ((), ())
    assert [one.id for one in reviews.to_remind(NOON + 4 * hours)] == [card.id]
    assert reviews.to_remind(NOON + 5 * hours) == ()
    told: list[Card] = []
    at_once(4, lambda _: told.extend(reviews.to_escalate(NOON + 24 * hours)))
    assert [one.id for one in told] == [card.id]


def test_what_is_decided_needs_no_reminder(reviews: Reviews, card: Card) -> None:
    reviews.approve(card.id, "U1", at=NOON)
    later = NOON + timedelta(days=9)
    assert (reviews.to_remind(later), reviews.to_escalate(later)) == ((), ())


def test_a_card_is_found_by_where_slack_shows_it(reviews: Reviews, card: Card) -> None:
    assert [one.id for one in reviews.not_shown()] == [card.id]
    reviews.shown(card.id, "C1", "1700.1")
    found = reviews.card_shown("C1", "1700.1")
    assert found is not None and (found.id, found.shown_in, found.ts) == (card.id, "C1", "1700.1")
    assert (reviews.not_shown(), reviews.card_shown("C1", "1700.2"), reviews.card_of("t-0")) == ((), None, None)


def test_with_a_thousand_open_cards_claims_are_quick(engine: Engine, shop: Shop) -> None:
    shop.many(1_000, decision=None)
    reviews = Reviews(engine, params(sample_rate=1.0))
    ids = [card.id for card in reviews.look(NOON).opened]
    seconds: list[float] = []

    def claim(number: int) -> None:
        for card in ids[number * 25 : number * 25 + 50]:  # every card is wanted by two
            started = time.perf_counter()
            with suppress(Taken):
                reviews.claim(card, f"U{number}")
            seconds.append(time.perf_counter() - started)

    at_once(8, claim)
    p95 = sorted(seconds)[int(len(seconds) * 0.95)]
    print(f"{engine.dialect.name}: p95 of {len(seconds)} claims by 8 operators at once: {p95 * 1000:.1f} ms")
    assert p95 <= P95_SECONDS
