"""How the Slack benchmark counts; the run itself is `make bench-slack`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contracts.database import open_engine
from contracts.tables import Base
from pipeline import slack_count as count
from pipeline.bench import percentile
from pipeline.slack_count import Post, Question, Shown, figure
from pipeline.slack_load import UNACKNOWLEDGED_MS, acknowledged_ms, texts
from tests.fakes.slack import Attempt

IN_THREAD, DIRECT = Question("1.1", "C1", "1.1"), Question("2.2", "D1", None)
TURNS = {"1.1": "t-a", "2.2": "t-b"}
REPLIES = [Post("C1", "1.1", "reply:t-a", "3.1"), Post("D1", None, "reply:t-b", "3.2")]
CARD = Shown("Sample", "t-a", "4.1")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/count.db")
    Base.metadata.create_all(made)
    yield made
    made.dispose()


def counted(posts: list[Post], answered: tuple[str, ...] = ("t-a", "t-b")) -> dict[str, int]:
    return {name: n for name, n in count.count_answers([IN_THREAD, DIRECT], TURNS, posts, answered).items() if n}


def test_a_reply_where_it_belongs_is_an_answer() -> None:
    assert counted(REPLIES) == {"answered_exactly_once": 2}


def test_a_lost_reply_is_noticed() -> None:
    assert counted(REPLIES[:1]) == {"answered_exactly_once": 1, "unanswered": 1}


def test_a_question_without_a_turn_is_unanswered() -> None:
    assert count.count_answers([IN_THREAD], {}, [], ())["unanswered"] == 1


def test_a_reply_that_was_posted_again_is_doubled() -> None:
    assert counted([*REPLIES, REPLIES[0]]) == {"answered_exactly_once": 1, "doubled": 1}


def test_a_second_turn_for_the_same_question_is_doubled() -> None:
    assert counted([*REPLIES, Post("C1", "1.1", "reply:t-c", "3.3")]) == {"answered_exactly_once": 2, "doubled": 1}


def test_a_reply_in_another_thread_answers_nothing() -> None:
    astray = Post("C1", "9.9", "reply:t-a", "3.3")
    assert counted([astray, REPLIES[1]]) == {"answered_exactly_once": 1, "unanswered": 1, "doubled": 1}


def test_an_apology_is_no_answer() -> None:
    assert counted(REPLIES, answered=("t-b",)) == {"answered_exactly_once": 1, "apologies": 1}


def test_two_messages_may_share_a_reply() -> None:
    asked = [DIRECT, Question("2.3", "D1", None)]
    found = count.count_answers(asked, {"2.2": "t-b", "2.3": "t-b"}, REPLIES[1:], ["t-b"])
    assert (found["answered_exactly_once"], found["doubled"]) == (2, 0)


@pytest.mark.parametrize(
    ("shown", "missing", "too_many"),
    [
        ([CARD], 0, 0),
        ([], 1, 0),
        ([CARD, CARD], 0, 1),
        ([Shown("Risk", "t-a", "4.2")], 1, 0),
        ([CARD, Shown("Risk", "t-b", "4.3")], 0, 0),
        ([CARD, Shown("Sample", "t-b", "4.3")], 0, 1),
    ],
)
def test_each_sampled_turn_has_one_card(shown: list[Shown], missing: int, too_many: int) -> None:
    found = count.count_cards({"t-a"}, shown)
    assert (found["cards_missing"], found["cards_too_many"]) == (missing, too_many)


def test_added_answers_are_all_in_the_sample(engine: Engine) -> None:
    count.add_sampled_answers(engine, "slack-T-D-direct", 20, rate=0.1)
    sampled, turns = count.sampled_turns(engine, ["slack"], 0.1)
    assert (len(sampled), turns) == (20, 20)
    assert count.sampled_turns(engine, ["slack"], 0.0)[0] == set()


@pytest.mark.parametrize(
    ("value", "sign", "wanted", "reached"),
    [(300, "<=", [300], True), (300.1, "<=", [300], False), (1, "=", [0], False), (999, ">=", [1_000], False),
     (0.1, "within", [0.09, 0.11], True), (0.12, "within", [0.09, 0.11], False),
     (None, "=", [0], False), (float("nan"), "<=", [300], False)],
)  # fmt: skip
def test_a_figure_reaches_its_target_or_not(value: float | None, sign: str, wanted: list[float], reached: bool) -> None:
    assert figure(value, sign, *wanted)["reached"] is reached


def test_what_was_not_measured_is_null_in_the_report() -> None:
    assert figure(percentile([], 0.99), "<=", 300)["value"] is None
    assert count.spread([]) is None


def test_the_slowest_of_a_hundred_is_the_99th_percentile() -> None:
    assert count.spread([*range(99), 5_000]) == {"p50": 50, "p95": 95, "p99": 5_000}


def test_a_quick_refusal_is_no_quick_acknowledgement() -> None:
    assert acknowledged_ms(Attempt(0.0, 200, 12.0)) == 12.0
    assert acknowledged_ms(Attempt(0.0, 503, 2.0)) == UNACKNOWLEDGED_MS


def test_the_load_asks_mostly_different_things() -> None:
    said = texts()
    assert len({next(said) for _ in range(13_000)}) > 12_000
