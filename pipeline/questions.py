"""The questions of `datasets/questions`: how customers type, with the passage that answers or none."""

import json
from dataclasses import dataclass
from pathlib import Path

from knowledge.settings import ROOT

FOLDER = ROOT / "datasets" / "questions"
DEVELOPMENT, HELD_OUT = "development", "held_out"


@dataclass(frozen=True)
class LabelledQuestion:
    """`passage`: the id of the best answer, None when the sources have none; `also`: other ids that answer as well.

    `must_say`: groups of alternatives; an answer of our own words is right if it has one wording of every group.
    """

    id: str
    question: str
    kind: str
    passage: str | None
    also: tuple[str, ...] = ()
    must_say: tuple[tuple[str, ...], ...] = ()
    previous: str | None = None

    @property
    def gold(self) -> set[str]:
        return {self.passage, *self.also} if self.passage else set()

    def is_said(self, reply: str) -> bool:
        plain = " ".join(reply.lower().split())
        return bool(self.must_say) and all(any(word.lower() in plain for word in group) for group in self.must_say)


def load_questions(half: str, folder: Path = FOLDER) -> list[LabelledQuestion]:
    """`development` is for fitting and choosing, `held_out` for measuring only."""
    lines = (folder / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_question(json.loads(line)) for line in lines if line.strip()]


def _question(row: dict[str, object]) -> LabelledQuestion:
    groups = row.pop("must_say", [])
    assert isinstance(groups, list)
    return LabelledQuestion(
        **{**row, "also": tuple(row.get("also", ())), "must_say": tuple(map(tuple, groups))}  # type: ignore[arg-type]
    )
