"""The judge: what passages say is supported, what they don't say is not, however alike it looks."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.judge import judge_support
from generator.settings import ROOT

PLANS = "The Solo plan costs €6 a month and includes 2 TB of storage. Deleted files are kept for 90 days."
CLIENT = "Version 6.2 of the desktop client supports macOS 13 and later. It does not run on Windows 7."
SHARING = "Guests can't change files in a space unless its owner, Priya, allows it. The Family plan has no guests."
PASSAGES = {"faq:plans": PLANS, "page:client": CLIENT, "page:sharing": SHARING}
NEEDED = yaml.safe_load((ROOT / "params.yaml").read_text())["answer"]["support"]


@pytest.mark.parametrize(
    "draft", [PLANS, CLIENT, SHARING, "Deleted files are kept for 90 days.", "It does not run on Windows 7."]
)
def test_what_stands_in_a_passage_is_fully_supported(draft: str) -> None:
    assert judge_support(draft, PASSAGES).support == 1.0


@pytest.mark.parametrize("draft", ["", "   ", "\n\n", "...", "—", "😀"])
def test_an_empty_draft_has_no_support(draft: str) -> None:
    assert judge_support(draft, PASSAGES).support == 0.0
    assert judge_support(draft, PASSAGES).cited == ()


def test_without_passages_nothing_is_supported() -> None:
    assert judge_support(PLANS, {}).support == 0.0
    assert judge_support(PLANS, {"faq:1": ""}).support == 0.0


@pytest.mark.parametrize(
    "draft",
    [
        "Deleted files are kept for 30 days.",
        "Deleted files are kept for 900 days.",
        "The Solo plan costs €9 a month and includes 2 TB of storage.",
        "The Solo plan costs $6 a month and includes 2 TB of storage.",
        "The Solo plan costs €6.50 a month and includes 2 TB of storage.",
        "The Solo plan costs €6 a month and includes 20 TB of storage.",
        "Version 6.3 of the desktop client supports macOS 13 and later.",
        "Version 6.2.1 of the desktop client supports macOS 13 and later.",
        "Version 6 of the desktop client supports macOS 13 and later.",
        "Error HL-2203: deleted files are kept for 90 days.",
    ],
)
def test_a_changed_number_price_version_or_code_is_not_supported(draft: str) -> None:
    assert judge_support(draft, PASSAGES).support == 0.0


@pytest.mark.parametrize(
    "draft",
    [
        "It does run on Windows 7.",
        "Deleted files are not kept for 90 days.",
        "Deleted files are never kept for 90 days.",
        "Guests can change files in a space if its owner, Priya, allows it.",
        "The Solo plan costs €6 a month and does not include 2 TB of storage.",
        "Version 6.2 of the desktop client doesn’t support macOS 13 and later.",
    ],
)
def test_a_turned_negation_is_not_supported(draft: str) -> None:
    assert judge_support(draft, PASSAGES).support < NEEDED


@pytest.mark.parametrize(
    "draft",
    [
        "The Family plan costs €6 a month and includes 2 TB of storage.",
        "Version 6.2 of the desktop client supports Windows 13 and later.",
        "The Enterprise plan costs €6 a month and includes 2 TB of storage.",
        "Priya has deleted files kept for 90 days.",
    ],
)
def test_a_name_from_elsewhere_is_not_supported(draft: str) -> None:
    assert judge_support(draft, PASSAGES).support < NEEDED


def test_a_draft_is_as_good_as_its_worst_sentence() -> None:
    assert (
        judge_support("Deleted files are kept for 90 days. Penguins live at the south pole.", PASSAGES).support == 0.0
    )
    assert judge_support("Deleted files are kept for 90 days. The sync can be paused.", PASSAGES).support < NEEDED


def test_the_passages_that_back_the_draft_are_cited() -> None:
    draft = "Deleted files are kept for 90 days. It does not run on Windows 7."
    assert judge_support(draft, PASSAGES).cited == ("faq:plans", "page:client")


@given(draft=st.text(max_size=200), passages=st.dictionaries(st.text(max_size=5), st.text(max_size=200), max_size=4))
def test_support_is_between_0_and_1(draft: str, passages: dict[str, str]) -> None:
    verdict = judge_support(draft, passages)
    assert 0.0 <= verdict.support <= 1.0
    assert set(verdict.cited) <= set(passages)


@given(st.lists(st.sampled_from(f"{PLANS} {CLIENT} {SHARING}".split()), max_size=40).map(" ".join))
def test_support_of_shuffled_words_is_between_0_and_1(draft: str) -> None:
    assert 0.0 <= judge_support(draft, PASSAGES).support <= 1.0


@given(number=st.integers(0, 100_000).filter(lambda n: n not in (6, 2, 90)))
def test_no_number_is_made_up(number: int) -> None:
    assert judge_support(f"Deleted files are kept for {number} days.", {"faq:1": PLANS}).support == 0.0
