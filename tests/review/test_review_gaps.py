"""The gap radar: questions of one kind together, honest drafts, closed when answered, the same on every run."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select

from contracts.errors import BadRequest, NotFound, Used
from contracts.wire import Audience, Decision
from review.cards import CORRECTIONS
from review.clusters import Floats, clusters, cosine_distances, medoid, ngram_vectors, source_vectors, unit_rows
from review.corrections import NewAnswer
from review.gaps import (
    CLOSED,
    DRAFTED,
    FAQS,
    FROM_NOTHING,
    OPEN,
    Gap,
    close_gap,
    combined,
    find_gaps,
    one_gap,
    stored_gaps,
)
from review.queue import Reviews
from tests.review.conftest import MINUTE, NOON, Shop, params

DAY = timedelta(days=1)
WRITE = "Yes: Settings, Restore, then the box."


class Night:
    """A shop whose customers ask in vain, and the nightly run."""

    def __init__(self, engine: Engine, shop: Shop) -> None:
        self.engine, self.shop = engine, shop

    def ask(
        self, *questions: str, days: float = 1, decision: Decision = Decision.UNKNOWN, page: str = "faq:1"
    ) -> list[str]:
        at = NOON - days * DAY
        return [
            self.shop.turn(question, "I don't know.", decision, at + number * MINUTE, page=page)
            for number, question in enumerate(questions)
        ]

    def run(self, days: float = 0) -> list[Gap]:
        return find_gaps(self.engine, params(), NOON + days * DAY)

    def stored(self) -> list[Gap]:
        with self.engine.connect() as connection:
            return stored_gaps(connection)

    def correct(self, turn: str, days: float = 0) -> None:
        reviews = Reviews(self.engine, params())
        reviews.look(NOON)
        card = reviews.card_of(turn)
        assert card is not None
        reviews.correct(card.id, "U1", WRITE, at=NOON + days * DAY)


@pytest.fixture
def night(engine: Engine, shop: Shop) -> Night:
    return Night(engine, shop)


def test_questions_of_one_kind_are_one_gap_with_its_trend(night: Night) -> None:
    turns = night.ask("do you take bitcoin", "Do you take Bitcoin?", "can I pay with bitcoin")
    turns += night.ask("do you take bitcoin?", days=9)
    night.ask("is there a restore for xbox consoles", page="faq:2")
    (gap,) = night.run()
    assert (gap.count, gap.count_before, set(gap.turn_ids)) == (3, 1, set(turns))
    assert "bitcoin" in gap.question.lower()
    assert (gap.nearest_title, gap.owner, gap.state) == ("Restore a file", None, OPEN)
    assert "Nobody has written this answer yet" in gap.draft and "“Restore a file”" in gap.draft
    assert (gap.first_seen_at, gap.last_seen_at) == (NOON - 9 * DAY, NOON - DAY + 2 * MINUTE)


def test_a_run_may_be_repeated(night: Night) -> None:
    night.ask("do you take bitcoin", "do you take bitcoin")
    night.ask("how do I delete my account", "delete my account how", page="faq:2")
    first = night.run()
    assert len(first) == 2
    assert night.run() == first == sorted(night.stored(), key=lambda gap: (-gap.count, gap.id))


def test_disliked_and_not_understood_count_good_answers_do_not(night: Night) -> None:
    liked, disliked = night.ask("how do I restore a file", "restore how a file", decision=Decision.CURATED)
    night.shop.rate(disliked)
    night.shop.rate(liked, "up")
    night.shop.turn("restore a file how", "I'm not sure I understood that.", None, NOON - DAY)
    night.shop.turn("restore a file", "Hello!", None, NOON - DAY)
    (gap,) = find_gaps(night.engine, params(gap_same=0.0), NOON)
    assert (gap.count, disliked in gap.turn_ids, liked in gap.turn_ids) == (2, True, False)


def test_what_was_asked_once_is_no_gap(night: Night) -> None:
    night.ask("do you take bitcoin")
    assert night.run() == []


def test_a_gap_without_a_page_says_so(night: Night) -> None:
    night.shop.many(2, at=NOON - DAY, question="is it vegan")
    (gap,) = night.run()
    assert (gap.draft, gap.nearest_title, gap.nearest_url) == (FROM_NOTHING, None, None)


def test_a_correction_closes_the_gap_and_is_its_draft(night: Night) -> None:
    turns = night.ask("can I restore to a headless box", "can I restore to a headless box?")
    (gap,) = night.run()
    night.correct(turns[0])
    assert night.run(0.1) == []
    (closed,) = night.stored()
    assert (closed.id, closed.state, closed.closed_at, closed.draft) == (gap.id, CLOSED, NOON + 0.1 * DAY, WRITE)
    night.run(0.2)
    assert night.stored() == [closed]  # it stays closed since then


def test_asked_in_vain_after_the_correction_the_gap_is_open_again(night: Night) -> None:
    turns = night.ask("can I restore to a headless box", "can I restore to a headless box?")
    night.run()
    night.correct(turns[0])
    night.run(0.1)
    night.ask("can I restore to a headless box!", days=-0.5)
    (gap,) = night.run(1)
    assert (gap.state, gap.closed_at, gap.draft, gap.count) == (DRAFTED, None, WRITE, 3)


def test_an_answer_to_a_gap_closes_it_once(night: Night) -> None:
    night.ask("do you take bitcoin", "Do you take Bitcoin?")
    (gap,) = night.run()
    answer = NewAnswer(gap.question, "No, only cards and bank transfer.", Audience.PUBLIC, "U1")
    close_gap(night.engine, gap.id, NOON, answer)
    with pytest.raises(Used, match="closed already"):
        close_gap(night.engine, gap.id, NOON, answer)
    with night.engine.connect() as connection:
        (written,) = connection.execute(select(CORRECTIONS)).all()
    assert (written.question, written.answer, written.turn_id) == (gap.question, answer.answer, None)
    assert one_gap(night.engine, gap.id).state == CLOSED
    assert night.run() == []


def test_an_answer_to_a_gap_without_words_changes_nothing(night: Night) -> None:
    night.ask("do you take bitcoin", "Do you take Bitcoin?")
    (gap,) = night.run()
    with pytest.raises(BadRequest, match="Write the answer"):
        close_gap(night.engine, gap.id, NOON, NewAnswer(gap.question, " ", Audience.PUBLIC, "U1"))
    assert one_gap(night.engine, gap.id) == gap


def test_a_gap_that_is_not_there_is_not_found(night: Night) -> None:
    with pytest.raises(NotFound):
        one_gap(night.engine, "gap:none")


def test_a_correction_that_was_taken_back_closes_nothing(night: Night) -> None:
    turns = night.ask("do you take bitcoin", "do you take bitcoin?")
    night.correct(turns[0])
    reviews = Reviews(night.engine, params())
    card = reviews.card_of(turns[0])
    assert card is not None
    reviews.undo(card.id, "U1", at=NOON + MINUTE)
    (gap,) = night.run(0.1)
    assert gap.state == OPEN


@pytest.mark.parametrize("how", ["faq", "reply"])
def test_an_answer_since_closes_the_gap(night: Night, how: str) -> None:
    night.ask("do you take bitcoin", "do you take bitcoin?")
    assert len(night.run()) == 1
    if how == "reply":
        night.ask("Do you take Bitcoin", days=-0.1, decision=Decision.CURATED)
    else:
        faq = {
            "id": "faq:x", "question": "Do you take bitcoin?", "answer": "No.", "audience": "public", "url": "",
            "relevance": 0.0, "uses": 0, "updated_at": NOON,
        }  # fmt: skip
        with night.engine.begin() as connection:
            connection.execute(insert(FAQS), faq)
    assert night.run(0.2) == []
    assert [gap.state for gap in night.stored()] == [CLOSED]


def test_an_answer_from_before_closes_nothing(night: Night) -> None:
    night.ask("do you take bitcoin", days=3, decision=Decision.CURATED)
    night.ask("do you take bitcoin", "do you take bitcoin?")
    assert len(night.run()) == 1


def test_a_gap_is_the_same_one_a_week_later_and_falls_silent(night: Night) -> None:
    night.ask("do you take bitcoin", "do you take bitcoin?")
    (first,) = night.run()
    night.ask("do you take bitcoin", "can I pay by bitcoin", days=-5)
    (second,) = night.run(6.5)
    assert (second.id, second.count, second.count_before) == (first.id, 2, 2)
    (silent,) = night.run(40)
    assert (silent.id, silent.count, silent.count_before, silent.state) == (first.id, 0, 0, OPEN)
    night.ask("do you take bitcoin", "Do you take bitcoin?", days=-60)
    (again,) = night.run(61)
    assert (again.id, again.count) == (first.id, 2)  # by its question: no turn is shared any more


def test_what_only_staff_may_read_answers_no_customer(night: Night) -> None:
    night.ask("do you take bitcoin", "do you take bitcoin?")
    night.shop.turn("do you take bitcoin", decision=Decision.CURATED, at=NOON, channel="slack")
    staff = night.shop.turn("do you take bitcoin?", decision=Decision.UNKNOWN, at=NOON - 2 * DAY, channel="slack")
    night.correct(staff)  # of a turn of this gap, but its answer is for staff
    (gap,) = night.run(0.1)
    assert (gap.count, gap.state, gap.draft == WRITE) == (3, OPEN, False)


def test_staff_alone_are_answered_by_what_is_for_staff(night: Night) -> None:
    for minute in range(2):
        night.shop.turn("who may refund", decision=Decision.UNKNOWN, at=NOON - DAY + minute * MINUTE, channel="slack")
    (gap,) = night.run()
    night.correct(gap.turn_ids[0])
    assert night.run(0.1) == []


def test_a_gap_that_splits_gets_two_names(night: Night) -> None:
    words = "do you take bitcoin", "can I take my cat"
    night.shop.many(2, at=NOON - 2 * DAY, question=words[0])
    night.shop.many(3, at=NOON - DAY, question=words[1])
    (one,) = find_gaps(night.engine, params(gap_distance=2.0), NOON)
    assert one.count == 5
    two = night.run()
    assert [gap.count for gap in two] == [3, 2]
    assert two[0].id == one.id != two[1].id
    assert night.run() == two
    merged = find_gaps(night.engine, params(gap_distance=2.0), NOON)
    assert sorted(gap.count for gap in merged) == [0, 5]  # no question counts twice


def test_what_is_shown_of_a_question_is_masked(night: Night) -> None:
    night.shop.many(2, at=NOON - DAY, question="is mara@firm.example still locked out")
    (gap,) = night.run()
    assert gap.question == "is <email> still locked out"


def test_without_questions_there_are_no_gaps(night: Night) -> None:
    assert (night.run(), night.stored()) == ([], [])


def test_other_vectors_do_as_well(night: Night) -> None:
    def by_length(texts: Sequence[str]) -> Floats:
        return np.array([[float(len(text) < 5), float(len(text) >= 5)] for text in texts], dtype=np.float32)

    night.shop.many(2, at=NOON - DAY, question="long question")
    night.shop.many(3, at=NOON - DAY, question="abc")
    assert [gap.count for gap in find_gaps(night.engine, params(), NOON, by_length)] == [3, 2]


# --- vectors and clusters

POINTS = st.lists(st.tuples(*[st.floats(-1, 1)] * 3), min_size=1, max_size=14)


@given(points=POINTS, most=st.floats(0.05, 1.5))
def test_clusters_are_those_of_the_plain_method(points: list[tuple[float, ...]], most: float) -> None:
    vectors = unit_rows(np.array(points, dtype=np.float32))
    distances = cosine_distances(vectors, vectors).astype(np.float64)
    groups = [[row] for row in range(len(points))]
    least, apart = 0.0, np.inf
    while len(groups) > 1:
        pairs = [
            (distances[np.ix_(a, b)].mean(), i, j)
            for i, a in enumerate(groups) for j, b in enumerate(groups) if i < j
        ]  # fmt: skip
        least, i, j = min(pairs)
        apart = min([abs(least - most)] + [abs(d - least) for d, *pair in pairs if pair != [i, j]] + [apart])
        if least > most:
            break
        groups[i] += groups.pop(j)
    if apart > 1e-5:  # equal distances may be joined in any order
        assert clusters(vectors, most) == sorted(sorted(group) for group in groups)


def test_every_row_is_in_one_cluster() -> None:
    vectors = ngram_vectors([f"question {n % 7} about {'abcdefg'[n % 7] * 9}" for n in range(200)])
    found = clusters(vectors, 0.5)
    assert sorted(row for rows in found for row in rows) == list(range(200))
    assert [len({row % 7 for row in rows}) for rows in found] == [1] * 7


def test_texts_without_words_are_alone() -> None:
    assert clusters(ngram_vectors(["?", "!", "word"]), 0.7) == [[0], [1], [2]]
    assert clusters(ngram_vectors([]), 0.7) == []


def test_the_medoid_is_in_the_middle() -> None:
    vectors = unit_rows(np.array([[1, 0.0], [1, 0.5], [1, 1.0]], dtype=np.float32))
    assert medoid(vectors, [0, 1, 2]) == 1


def test_pages_and_words_weigh_alike() -> None:
    words = unit_rows(np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32))
    pages = source_vectors([[("p1", 0.4)], [("p1", 0.4)], []])
    together = combined(words, pages)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0)
    assert cosine_distances(together, together)[0, 1] == pytest.approx(0.5)


def test_a_night_of_two_thousand_questions_is_clustered() -> None:
    rng = np.random.default_rng(7)
    words = ["restore", "bitcoin", "invoice", "laptop", "vault", "share", "rewind", "quota", "photo", "phone", "mail"]
    questions = [" ".join(rng.choice(words, 6)) for _ in range(2_000)]
    assert sum(map(len, clusters(ngram_vectors(questions), 0.5))) == 2_000
