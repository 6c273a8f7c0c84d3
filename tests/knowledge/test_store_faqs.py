"""Relevance of FAQs: used ones rise, old uses fade, and the table can be asked in plain SQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from math import isclose
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from contracts.tables import FaqRow
from knowledge.store.faqs import HALF_LIFE_DAYS, first_relevance, record_use, weight_log2

WRITTEN = datetime(2026, 5, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
TEN_BEST = "SELECT question, answer FROM faqs ORDER BY relevance DESC LIMIT 10"


def add_faq(engine: Engine, question: str = "How?", written: datetime = WRITTEN) -> str:
    number = f"faq:{uuid4().hex[:8]}"
    with Session(engine) as session, session.begin():
        session.add(
            FaqRow(
                id=number, question=question, answer=f"Answer to {question}", audience="public", url="",
                relevance=first_relevance(written), uses=0, updated_at=written,
            )
        )  # fmt: skip
    return number


def get_faq(engine: Engine, number: str) -> FaqRow:
    with Session(engine) as session:
        return session.get_one(FaqRow, number)


def best_questions(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [row.question for row in connection.execute(text(TEN_BEST))]


def test_a_use_raises_the_relevance(engine: Engine) -> None:
    number = add_faq(engine)
    before = get_faq(engine, number).relevance
    assert record_use(engine, number, WRITTEN + timedelta(days=1)) is True
    after = get_faq(engine, number)
    assert after.relevance > before
    assert (after.uses, after.last_used_at) == (1, WRITTEN + timedelta(days=1))


def test_using_an_unknown_faq_is_no_error(engine: Engine) -> None:
    assert record_use(engine, "faq:never-written") is False


def test_used_faqs_come_first(engine: Engine) -> None:
    for question, uses in (("seldom", 1), ("never", 0), ("often", 5)):
        number = add_faq(engine, question)
        for _ in range(uses):
            record_use(engine, number, WRITTEN + timedelta(days=2))
    assert best_questions(engine) == ["often", "seldom", "never"]


def test_a_use_today_outweighs_three_of_a_season_ago(engine: Engine) -> None:
    old, new = add_faq(engine, "old"), add_faq(engine, "new")
    for _ in range(3):
        record_use(engine, old, WRITTEN)
    record_use(engine, new, WRITTEN + timedelta(days=90))
    assert best_questions(engine) == ["new", "old"]


def test_the_ten_best_are_one_plain_statement(engine: Engine) -> None:
    for n in range(12):
        add_faq(engine, f"question {n}", WRITTEN + timedelta(days=n))
    with engine.connect() as connection:
        rows = connection.execute(text(TEN_BEST)).all()
    assert [row.question for row in rows] == [f"question {n}" for n in range(11, 1, -1)]
    assert rows[0].answer == "Answer to question 11"


def test_no_use_is_lost_when_many_come_at_once(engine: Engine) -> None:
    number = add_faq(engine)
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda _: record_use(engine, number), range(40)))
    assert all(counted)
    assert get_faq(engine, number).uses == 40


@given(MOMENTS, st.integers(1, 3_650))
def test_a_weight_doubles_with_every_half_life(moment: datetime, days: int) -> None:
    later = moment + timedelta(days=days)
    assert isclose(weight_log2(later) - weight_log2(moment), days / HALF_LIFE_DAYS, abs_tol=1e-6)
