"""Measure the whole assistant on the held-out questions through its public door; writes `reports/eval.json`.

    make eval            (starts Frontdesk if it is not running)

A quoted FAQ is right when it is one of the question's labelled passages or says what the label demands; a draft and a
reviewed answer are right when they say what the label demands. Rates are given with their 95 % Wilson interval.
"""

import json
from collections import Counter
from dataclasses import dataclass
from math import sqrt
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from contracts.wire import ChatReply, Decision
from knowledge.settings import ROOT
from pipeline.questions import HELD_OUT, LabelledQuestion, load_questions
from pipeline.stack import Stack

REPORT = ROOT / "reports" / "eval.json"
Z = 1.96


@dataclass(frozen=True)
class Outcome:
    question: LabelledQuestion
    reply: ChatReply
    rank: int | None

    @property
    def decision(self) -> str:
        return self.reply.evidence.decision.value if self.reply.evidence else f"no answer ({self.reply.status})"

    @property
    def answered(self) -> bool:
        return self.decision in (Decision.REVIEWED, Decision.CURATED, Decision.DRAFT)

    @property
    def right(self) -> bool:
        if not self.answered or self.question.passage is None or self.reply.evidence is None:
            return False
        quoted = self.decision == Decision.CURATED and self.reply.evidence.sources[0].id in self.question.gold
        return quoted or self.question.is_said(self.reply.text)


@dataclass(frozen=True)
class Rate:
    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    def interval(self) -> tuple[float, float]:
        """Wilson (1927), 95 %."""
        if not self.of:
            return 0.0, 1.0
        p, n = self.value, self.of
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        return max(middle - half, 0.0), min(middle + half, 1.0)


def observe(stack: Stack, question: LabelledQuestion) -> Outcome:
    """Ask through the gateway; rank the passages by the same search the action uses."""
    messages = [question.previous, question.question] if question.previous else [question.question]
    found = stack.search(question.question, question.previous, k=20)
    rank = next((i for i, p in enumerate(found.passages) if p.id in question.gold), None)
    return Outcome(question, stack.ask(*messages), rank)


def measure(outcomes: list[Outcome]) -> dict[str, Rate]:
    answerable = [o for o in outcomes if o.question.passage]
    unanswerable = [o for o in outcomes if not o.question.passage]
    answered = [o for o in outcomes if o.answered]
    unknown = [o for o in outcomes if o.decision == Decision.UNKNOWN]

    def within(k: int) -> int:
        return sum(o.rank is not None and o.rank < k for o in answerable)

    return {
        "recall_at_1": Rate(within(1), len(answerable)),
        "recall_at_5": Rate(within(5), len(answerable)),
        "answer_correct": Rate(sum(o.right for o in answerable), len(answerable)),
        "wrong_answer_rate": Rate(sum(not o.right for o in answered), len(outcomes)),
        "answer_precision": Rate(sum(o.right for o in answered), len(answered)),
        "coverage": Rate(sum(o.answered for o in answerable), len(answerable)),
        "unknown_precision": Rate(sum(o.question.passage is None for o in unknown), len(unknown)),
        "unknown_recall": Rate(sum(o.decision == Decision.UNKNOWN for o in unanswerable), len(unanswerable)),
    }


def report(outcomes: list[Outcome], half: str) -> dict[str, object]:
    rates = measure(outcomes)
    evidence = next(o.reply.evidence for o in outcomes if o.reply.evidence)
    return {
        **{name: round(rate.value, 4) for name, rate in rates.items()},
        "intervals_95": {name: [round(end, 4) for end in rate.interval()] for name, rate in rates.items()},
        "counts": {name: [rate.hits, rate.of] for name, rate in rates.items()},
        "decisions": dict(Counter(o.decision for o in outcomes)),
        "correct_by_kind": {
            kind: [sum(_as_wanted(o) for o in of_kind), len(of_kind)]
            for kind in sorted({o.question.kind for o in outcomes})
            for of_kind in [[o for o in outcomes if o.question.kind == kind]]
        },
        "half": half,
        "index_version": evidence.index_version,
        "thresholds": evidence.thresholds,
    }


def _as_wanted(outcome: Outcome) -> bool:
    return outcome.right if outcome.question.passage else not outcome.answered


def main(
    half: Annotated[str, typer.Option(help="held_out, or development while you work")] = HELD_OUT,
    show: Annotated[bool, typer.Option(help="print every question that went wrong (development only)")] = False,
) -> None:
    stack, console = Stack.running(), Console()
    outcomes = [observe(stack, question) for question in track(load_questions(half), "asking", console=console)]
    result = report(outcomes, half)
    table = Table("measure", "value", "95 % interval", "count", title=f"{len(outcomes)} questions, {half}")
    for name, rate in measure(outcomes).items():
        low, high = rate.interval()
        table.add_row(name, f"{rate.value:.3f}", f"{low:.3f} to {high:.3f}", f"{rate.hits} of {rate.of}")
    console.print(table)
    console.print({"decisions": result["decisions"], "as wanted, by kind": result["correct_by_kind"]})
    if half == HELD_OUT:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(json.dumps(result, indent=1) + "\n")
        console.print(f"written: {REPORT.relative_to(ROOT)}")
    elif show:
        show_failures(outcomes, console)


def show_failures(outcomes: list[Outcome], console: Console) -> None:
    for o in outcomes:
        if not _as_wanted(o):
            head = f"\n[{o.question.kind}] {o.question.question}  → {o.decision}, rank {o.rank}"
            console.print(head, highlight=False, markup=False)
            console.print(f"   wanted {o.question.passage} {o.question.must_say}", highlight=False, markup=False)
            console.print(f"   said {o.reply.text[:200]}", highlight=False, markup=False)


if __name__ == "__main__":
    typer.run(main)
