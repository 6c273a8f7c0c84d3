"""Why a turn is worth a look: the reasons of the risk lane, told from the answer itself."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from contracts.wire import Decision
from review.settings import ReviewParams


class Reason(StrEnum):
    """Most urgent first: where the day's cards run out, the first ones get them."""

    THUMBS_DOWN = "thumbs_down"
    CONTRADICTION = "contradiction"
    HAND_OVER = "hand_over"
    FAILED = "failed"
    LOW_SUPPORT = "low_support"
    FALLBACK = "fallback"
    UNKNOWN = "unknown"
    SAMPLE = "sample"

    @property
    def sentence(self) -> str:
        return SENTENCES[self]


SENTENCES = {
    Reason.THUMBS_DOWN: "The customer gave this answer a thumbs down.",
    Reason.CONTRADICTION: "The same question was answered differently before.",
    Reason.HAND_OVER: "The customer asked for a person after this answer.",
    Reason.FAILED: "Something broke; the customer got an apology.",
    Reason.LOW_SUPPORT: "The sources back this answer only weakly.",
    Reason.FALLBACK: "The message was not understood.",
    Reason.UNKNOWN: "The assistant didn't know the answer.",
    Reason.SAMPLE: "Picked by chance, to measure quality.",
}
ORDER = {reason: place for place, reason in enumerate(Reason)}
URGENT = frozenset({Reason.THUMBS_DOWN, Reason.CONTRADICTION, Reason.HAND_OVER, Reason.FAILED})
ANSWERED = "answered"


def most_urgent_first(reasons: Iterable[Reason | str]) -> tuple[Reason, ...]:
    """Each once. A reason of another version is left out."""
    known = {Reason(reason) for reason in reasons if reason in SENTENCES}
    return tuple(sorted(known, key=ORDER.__getitem__))


def reasons_of_answer(
    status: str, decision: str | None, text: str, evidence: Mapping[str, Any] | None, params: ReviewParams
) -> set[Reason]:
    """Those that the stored answer shows by itself."""
    found: set[Reason] = set()
    if status != ANSWERED:
        found.add(Reason.FAILED)
    if decision == Decision.UNKNOWN:
        found.add(Reason.UNKNOWN)
    if _weak(decision, evidence or {}, params):
        found.add(Reason.LOW_SUPPORT)
    if decision is None and status == ANSWERED and text.startswith(params.fallback_texts):
        found.add(Reason.FALLBACK)
    return found


def _weak(decision: str | None, evidence: Mapping[str, Any], params: ReviewParams) -> bool:
    """A draft by its support, a quoted answer by the probability of what it quotes."""
    if decision == Decision.DRAFT:
        support = evidence.get("support")
        return support is None or support < params.low_support
    if decision in (Decision.CURATED, Decision.REVIEWED):
        return max((source["score"] for source in evidence.get("sources", ())), default=0.0) < params.low_score
    return False
