"""The same question, answered differently: remembered for a while, compared cheaply.

Two answers contradict each other when the same people asked the same question of the same knowledge and got
different ones. Not a contradiction: a newer index or model, other thresholds, an operator's answer in between, two ways
of saying "I don't know", or a generator that could not be asked.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from contracts.wire import Audience, Decision

MOST_OF_A_QUESTION = 8


def normalised(question: str) -> str:
    """Letters and digits in lower case, single blanks."""
    return " ".join(re.findall(r"[^\W_]+", question.casefold()))


@dataclass(frozen=True)
class Given:
    """What was answered; `said` stands for decision and text, `knowledge` for index and thresholds."""

    turn: str
    at: datetime
    knowledge: bytes
    model: str | None
    said: bytes


class Answered:
    """The answers of the last hours by question. A turn may be told again; only earlier ones count against it."""

    def __init__(self) -> None:
        self._given: dict[bytes, list[Given]] = defaultdict(list)

    def contradicts(
        self, turn: str, at: datetime, audience: Audience, decision: str | None, text: str,
        evidence: Mapping[str, Any] | None,
    ) -> bool:  # fmt: skip
        """Whether an earlier answer says something else; remembers this one."""
        question = normalised((evidence or {}).get("question") or "")
        if not question or evidence is None or not _comparable(decision, evidence):
            return False
        said = "" if decision == Decision.UNKNOWN else normalised(text)
        knowledge = _digest(json.dumps([evidence.get("index_version"), evidence.get("thresholds")], sort_keys=True))
        one = Given(turn, at, knowledge, evidence.get("model_version"), _digest(f"{decision}\n{said}"))
        known = self._given[_digest(f"{audience}\n{question}")]
        against = any(_against(earlier, one) for earlier in known)
        if all(earlier.turn != turn for earlier in known):
            known.append(one)
            del known[:-MOST_OF_A_QUESTION]
        return against

    def forget(self, before: datetime) -> None:
        for key, known in list(self._given.items()):
            known[:] = [given for given in known if given.at >= before]
            if not known:
                del self._given[key]


def _comparable(decision: str | None, evidence: Mapping[str, Any]) -> bool:
    made_without_generator = any(name.startswith("generator_") for name in evidence.get("timings_ms", {}))
    return decision in (Decision.CURATED, Decision.DRAFT, Decision.UNKNOWN) and not made_without_generator


def _against(earlier: Given, later: Given) -> bool:
    if (earlier.at, earlier.turn) >= (later.at, later.turn) or earlier.said == later.said:
        return False
    one_model = earlier.model is None or later.model is None or earlier.model == later.model
    return earlier.knowledge == later.knowledge and one_model


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()
