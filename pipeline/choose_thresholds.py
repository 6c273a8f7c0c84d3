"""Choose the thresholds of `params.yaml` on the development questions, through the running services.

    python -m pipeline.choose_thresholds

Every question is searched and drafted once; then a grid is judged with the action's own decision. Wanted: as many
right answers as possible where a wrong one costs WRONG_COSTS right ones, since the wrong answer is what a customer
remembers. First the limits of a draft, as if there were no FAQs, so that every question counts for them; then the
limits of quoting a FAQ with these.
"""

import re
from dataclasses import dataclass
from itertools import product
from typing import Any

from rich.progress import track

from actions.decision import best_curated, is_supported, worth_a_draft
from actions.settings import ROOT, Thresholds, settings
from contracts.wire import Draft, DraftPassage, SearchResponse
from pipeline.questions import DEVELOPMENT, LabelledQuestion, load_questions
from pipeline.stack import Stack

WRONG_COSTS = 3.0
PARAMS = ROOT / "params.yaml"
DRAFT_GRID: dict[str, list[Any]] = {
    "passage": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
    "draft_passages": [1, 2, 4],
    "support": [0.7, 0.8, 0.9, 1.0],
    "no_answer": [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9],
}
CURATED_GRID: dict[str, list[Any]] = {
    "curated": [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8],
    "curated_lead": [-0.3, -0.2, -0.1, 0.0, 0.1],
}
NEVER_QUOTE = {"curated": 2.0, "curated_lead": 0.0}
NOT_OURS = {"reviewed", "ask_back"}  # chosen with pipeline.fit_reviewed


@dataclass(frozen=True)
class Case:
    question: LabelledQuestion
    found: SearchResponse
    drafts: dict[int, Draft]


def collect(stack: Stack, question: LabelledQuestion) -> Case:
    found = stack.search(question.question, question.previous, k=6)
    shown = tuple(DraftPassage(id=p.id, text=p.text) for p in found.passages)
    return Case(question, found, {n: stack.draft(found.question, shown[:n]) for n in DRAFT_GRID["draft_passages"]})


def gain(case: Case, limits: Thresholds) -> float:
    """1 for a right answer, minus WRONG_COSTS for a wrong one, 0 for "I don't know"."""
    faq = best_curated(case.found, limits)
    if faq is not None:
        return 1.0 if faq.id in case.question.gold or case.question.is_said(faq.text) else -WRONG_COSTS
    if worth_a_draft(case.found, limits) and is_supported(case.drafts[limits.draft_passages], limits):
        return 1.0 if case.question.is_said(case.drafts[limits.draft_passages].text) else -WRONG_COSTS
    return 0.0


def choose(cases: list[Case]) -> Thresholds:
    given = settings().thresholds().model_dump(include=NOT_OURS)
    draft = _best(cases, DRAFT_GRID, NEVER_QUOTE | given)
    fixed = {name: getattr(draft, name) for name in DRAFT_GRID}
    return _best(cases, CURATED_GRID, fixed | given)


def _best(cases: list[Case], grid: dict[str, list[Any]], fixed: dict[str, Any]) -> Thresholds:
    """The limits of the grid that gain most; among equals the strictest."""
    candidates = [Thresholds(**fixed, **dict(zip(grid, values, strict=True))) for values in product(*grid.values())]
    return max(candidates, key=lambda limits: (sum(gain(case, limits) for case in cases), _strictness(limits)))


def _strictness(limits: Thresholds) -> float:
    return limits.curated + limits.curated_lead + limits.passage + limits.support - limits.no_answer


def write(limits: Thresholds) -> None:
    """Change the numbers in `params.yaml`, keep its comments."""
    text = PARAMS.read_text(encoding="utf-8")
    for name, value in limits.model_dump(exclude=NOT_OURS).items():
        number = str(value) if isinstance(value, int) else f"{value:.2f}"
        text, count = re.subn(rf"(?m)^(  {name}: )[-\d.]+", rf"\g<1>{number}", text)
        assert count == 1, name
    PARAMS.write_text(text, encoding="utf-8")


def main() -> None:
    stack = Stack.running()
    cases = [collect(stack, question) for question in track(load_questions(DEVELOPMENT), "searching and drafting")]
    limits = choose(cases)
    right = sum(gain(case, limits) > 0 for case in cases)
    wrong = sum(gain(case, limits) < 0 for case in cases)
    write(limits)
    print(f"{limits}\n{len(cases)} questions: {right} right, {wrong} wrong; written to params.yaml")


if __name__ == "__main__":
    main()
