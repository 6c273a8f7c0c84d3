"""What counts as the same question: single rules, and the held-out half of `datasets/reviewed` with the real model."""

import json

import numpy as np
import numpy.typing as npt
import pytest
import yaml

from knowledge.embedding import Embedder
from knowledge.match import FEATURES, Match, Wording, features, is_typo
from knowledge.settings import ROOT
from pipeline.fit_reviewed import DEVELOPMENT, HELD_OUT, Cases, choose_threshold, collect, load_pairs, probabilities


def differ(asked: str, reviewed: str) -> dict[str, float]:
    """The features that aren't 0, beside the constant and the cosine."""
    values = dict(zip(FEATURES, features(Wording.of(asked), Wording.of(reviewed), 0.9), strict=True))
    return {name: value for name, value in values.items() if value and name not in ("bias", "cosine")}


@pytest.mark.parametrize(
    ("asked", "reviewed"),
    [
        ("how can i cancel my membership??", "How do I cancel my subscription?"),
        ("enable 2fa", "How do I turn on two-step sign-in?"),
        ("how do I get rid of a backup set", "How do I delete a backup set?"),
        ("were are teh log fiels on windows", "Where are the log files on Windows?"),
        ("how do i restor a foldr", "How do I restore a folder?"),
        ("HL-2203", "What does error HL-2203 mean?"),
    ],
)
def test_other_words_for_the_same_set_nothing_apart(asked: str, reviewed: str) -> None:
    assert differ(asked, reviewed).keys() <= {"type_differs"}


@pytest.mark.parametrize(
    ("asked", "reviewed", "why"),
    [
        ("How do I cancel a backup?", "How do I cancel my subscription?", "says_other"),
        ("Where are the logs on a Mac?", "Where are the logs on Windows?", "rivals_differ"),
        ("What does Solo cost?", "What does Team cost?", "rivals_differ"),
        ("How do I restore a vault?", "How do I delete a vault?", "opposite"),
        ("How do I turn off 2FA?", "How do I turn on 2FA?", "opposite"),
        ("What should I do before I upgrade?", "What should I do after I upgrade?", "opposite"),
        ("How do I downgrade?", "How do I upgrade?", "opposite"),
        ("What does HL-2210 mean?", "What does HL-2203 mean?", "numbers_differ"),
        ("How do I move from Mac to Windows?", "How do I move from Windows to Mac?", "order_differs"),
        ("How do I unlock a vault without the passphrase?", "How do I unlock a vault?", "says_more"),
        ("How do I share a link?", "How do I share a link with a password?", "says_less"),
        ("Why did you cancel my subscription?", "How do I cancel my subscription?", "type_differs"),
        ("I don't want to share it", "How do I share it?", "negated"),
    ],
)
def test_what_sets_questions_apart_is_seen(asked: str, reviewed: str, why: str) -> None:
    assert why in differ(asked, reviewed)


@pytest.mark.parametrize(("typed", "meant"), [("bakcup", "backup"), ("usr", "user"), ("passwrd", "password")])
def test_a_slip_is_a_typo(typed: str, meant: str) -> None:
    assert is_typo(typed, meant)


@pytest.mark.parametrize(
    ("typed", "meant"), [("hl-2203", "hl-2210"), ("unlock", "lock"), ("solo", "team"), ("ios", "mac"), ("", "a")]
)
def test_another_word_is_no_typo(typed: str, meant: str) -> None:
    assert not is_typo(typed, meant)


def test_nothing_that_differs_speaks_for_a_match() -> None:
    weights = dict(zip(FEATURES, Match.load().weights, strict=True))
    assert weights.pop("cosine") >= 0 and weights.pop("bias")
    assert max(weights.values()) <= 0


def test_an_empty_wording_is_compared_too() -> None:
    assert 0 < Match.load().probability(Wording.of(""), Wording.of("How?"), 0.0) < 1


@pytest.fixture(scope="module")
def threshold() -> float:
    value: float = yaml.safe_load((ROOT / "params.yaml").read_text())["answer"]["reviewed"]
    return value


@pytest.fixture(scope="module")
def held_out(embedder: Embedder) -> Cases:
    return collect(load_pairs(HELD_OUT), embedder)


def given(cases: Cases, threshold: float) -> npt.NDArray[np.bool_]:
    return probabilities(cases, np.array(Match.load().weights)) >= threshold


def test_hardly_a_lookalike_of_the_held_out_half_gets_the_answer(held_out: Cases, threshold: float) -> None:
    assert given(held_out, threshold)[held_out.hard].mean() <= 0.03


def test_near_paraphrases_of_the_held_out_half_get_it(held_out: Cases, threshold: float) -> None:
    near = np.array([pair.kind == "near" for pair in held_out.pairs])
    assert given(held_out, threshold)[near].mean() >= 0.75


def test_the_reviewed_question_itself_always_gets_it(embedder: Embedder, threshold: float) -> None:
    match = Match.load()
    for question in {pair.reviewed for half in (DEVELOPMENT, HELD_OUT) for pair in load_pairs(half)}:
        vector, wording = embedder.encode([question])[0], Wording.of(question)
        assert match.probability(wording, wording, float(vector @ vector)) >= threshold, question


def test_the_halves_share_no_question_and_every_row_is_whole() -> None:
    halves = [load_pairs(half) for half in (DEVELOPMENT, HELD_OUT)]
    reviewed = [{pair.reviewed for pair in half} for half in halves]
    assert not reviewed[0] & reviewed[1] and sum(map(len, reviewed)) >= 60 and sum(map(len, halves)) >= 700
    for half in halves:
        assert len({(pair.reviewed, pair.asked) for pair in half}) == len(half)


def test_the_threshold_lets_the_share_through_and_no_more() -> None:
    scores, hard = np.array([0.1, 0.2, 0.3, 0.9]), np.array([True, True, True, False])
    assert (scores >= choose_threshold(scores, hard, 0.0)).tolist() == [False, False, False, True]
    assert (scores >= choose_threshold(scores, hard, 0.4)).tolist() == [False, False, True, True]


def test_the_report_was_made_with_the_threshold_that_serves(threshold: float) -> None:
    report = json.loads((ROOT / "reports" / "reviewed.json").read_text())
    assert report["model"]["threshold"] == threshold
