"""Why a turn is risky, told from its answer; and what counts as a contradiction."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.wire import Audience, Decision
from gateway import phrases
from review.contradictions import Answered, normalised
from review.reasons import Reason, most_urgent_first, reasons_of_answer
from tests.review.conftest import MINUTE, NOON, PARAMS

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"question": "how", "support": 1.0, "sources": [{"score": 0.9}], "index_version": "k1", "model_version": "m1"}


def reasons(
    status: str = "answered", decision: str | None = "curated", text: str = "Yes.", **evidence: Any
) -> set[str]:
    return {*reasons_of_answer(status, decision, text, {**GOOD, **evidence}, PARAMS)}


def test_a_good_answer_has_none() -> None:
    assert reasons() == reasons(decision="draft") == reasons(decision="reviewed") == set()
    assert reasons_of_answer("answered", None, "Hello!", None, PARAMS) == set()


def test_each_reason_is_seen() -> None:
    assert reasons(status="neighbour_down", decision=None) == {"failed"}
    assert reasons(decision="unknown") == {"unknown"}
    assert reasons(decision="draft", support=0.9) == reasons(decision="draft", support=None) == {"low_support"}
    assert reasons(sources=[{"score": 0.7}]) == reasons(sources=[]) == {"low_support"}
    assert reasons(decision=None, text="I'm not sure I understood that. What …") == {"fallback"}


def test_the_most_urgent_comes_first_and_every_reason_has_a_sentence() -> None:
    assert most_urgent_first(["unknown", "thumbs_down", "unknown", "gone"]) == (Reason.THUMBS_DOWN, Reason.UNKNOWN)
    assert all(reason.sentence.endswith(".") for reason in Reason)


@pytest.mark.parametrize("beginning", PARAMS.fallback_texts)
def test_the_fallbacks_of_the_parameters_are_really_said(beginning: str) -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["responses"]
    said = [variation["text"] for response in domain.values() for variation in response if "text" in variation]
    said += [phrases.NOT_ENGLISH, phrases.NO_WORDS, (ROOT / "actions" / "fallback.py").read_text(encoding="utf-8")]
    assert any(beginning in text for text in said)


class Asked:
    """Answers one after another."""

    def __init__(self) -> None:
        self.answered, self.number = Answered(), 0

    def contradicts(self, text: str, decision: str = "curated", audience: str = "public", **evidence: Any) -> bool:
        self.number += 1
        at = NOON + self.number * MINUTE
        given = {**GOOD, **evidence}
        return self.answered.contradicts(f"t{self.number}", at, Audience(audience), decision, text, given)


def test_the_same_question_with_another_answer_is_a_contradiction() -> None:
    asked = Asked()
    assert not asked.contradicts("Yes.", question="Does it sync?")
    assert not asked.contradicts("yes", question="does it  SYNC")
    assert asked.contradicts("No.", question="Does it sync?!")
    assert asked.contradicts("I don't know.", "unknown", question="does it sync")


@pytest.mark.parametrize(
    "different",
    [
        {"question": "another"}, {"audience": "internal"}, {"index_version": "k2"}, {"thresholds": {"curated": 0.5}},
        {"decision": "reviewed"}, {"decision": "unknown", "timings_ms": {"generator_busy": 1.0}}, {"question": "?"},
    ],
)  # fmt: skip
def test_for_a_good_cause_the_answer_may_differ(different: dict[str, Any]) -> None:
    asked = Asked()
    asked.contradicts("Yes.")
    assert not asked.contradicts("No.", **different)


def test_two_ways_of_not_knowing_and_a_new_model_are_none() -> None:
    asked = Asked()
    asked.contradicts("I don't know. See A.", "unknown")
    assert not asked.contradicts("I don't know. See B.", "unknown")
    drafts = Asked()
    drafts.contradicts("Yes.", "draft")
    assert not drafts.contradicts("No.", "draft", model_version="m2")


def test_only_the_later_one_contradicts_however_often_they_are_told() -> None:
    answered = Answered()
    turns = [("a", NOON, "Yes."), ("b", NOON + MINUTE, "No.")]
    for _ in range(3):
        told = [answered.contradicts(t, at, Audience.PUBLIC, Decision.CURATED, said, GOOD) for t, at, said in turns]
    assert told == [False, True]


def test_what_is_long_ago_is_forgotten() -> None:
    asked = Asked()
    asked.contradicts("Yes.")
    asked.answered.forget(NOON + timedelta(hours=1))
    assert not asked.contradicts("No.")


def test_questions_are_compared_by_letters_and_digits() -> None:
    assert normalised("  Größe: 5 GB?\n") == "grösse 5 gb"
