"""When is an answer good enough to be sent? Pure functions of what was found, drafted and allowed."""

from actions.settings import Thresholds
from contracts.wire import Draft, Passage, PassageKind, ReviewedAnswer, SearchResponse


def sure_reviewed(found: SearchResponse, limits: Thresholds) -> ReviewedAnswer | None:
    """What an operator wrote, if it was written for this question."""
    nearest = found.reviewed
    return nearest if nearest is not None and nearest.score >= limits.reviewed else None


def perhaps_meant(found: SearchResponse, limits: Thresholds) -> str | None:
    """The question that an operator has answered, when it may be this one in other words."""
    nearest = found.reviewed
    return nearest.question if nearest is not None and nearest.score >= limits.ask_back else None


def best_curated(found: SearchResponse, limits: Thresholds) -> Passage | None:
    """The best FAQ, if it is sure enough and no other passage is clearly better."""
    faq = next((p for p in found.passages if p.kind is PassageKind.FAQ), None)
    other = max((p.score for p in found.passages if p.kind is not PassageKind.FAQ), default=0.0)
    if faq is None or faq.score < limits.curated or faq.score < other + limits.curated_lead:
        return None
    return faq


def worth_a_draft(found: SearchResponse, limits: Thresholds) -> list[Passage]:
    """The passages to draft from; none when even the best is a guess."""
    if not found.passages or found.passages[0].score < limits.passage:
        return []
    return list(found.passages[: limits.draft_passages])


def is_supported(draft: Draft, limits: Thresholds) -> bool:
    """Finished, believed by the model itself, and backed by its passages."""
    finished = bool(draft.text) and draft.stopped == "end"
    return finished and draft.no_answer <= limits.no_answer and draft.support >= limits.support
