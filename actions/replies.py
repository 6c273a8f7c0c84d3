"""The kinds of reply to a question, with what each was made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from actions.settings import Thresholds
from contracts.wire import Decision, Draft, Evidence, Passage, PassageKind, ReviewedAnswer, SearchResponse, Source

NEAREST = 2
OFFER_PERSON = "person"
NO_OFFER = "none"
OFFER = " Shall I ask a colleague to look into it?"
YES_OR_NO = ({"title": "Yes, please", "payload": "/affirm"}, {"title": "No, thanks", "payload": "/deny"})


@dataclass(frozen=True)
class Reply:
    text: str
    decision: Decision
    found: SearchResponse
    sources: tuple[Source, ...]
    offer: str = NO_OFFER
    draft: Draft | None = None
    meant: str | None = None

    @property
    def buttons(self) -> tuple[dict[str, str], ...]:
        """Pressing what was perhaps meant asks it."""
        meant = ({"title": self.meant, "payload": self.meant},) if self.meant else ()
        return (*meant, *(YES_OR_NO if self.offer != NO_OFFER else ()))

    def evidence(self, timings_ms: Mapping[str, float], thresholds: Thresholds) -> Evidence:
        draft = self.draft
        model = {} if draft is None else {"first_token": draft.first_token_ms, "model": draft.total_ms}
        return Evidence(
            decision=self.decision,
            question=self.found.question,
            sources=self.sources,
            support=None if draft is None else draft.support,
            thresholds=thresholds.model_dump(),
            index_version=self.found.index_version,
            model_version=None if draft is None else draft.model_version,
            timings_ms={**timings_ms, "search": self.found.took_ms, **model},
        )


def quote_reviewed(found: SearchResponse, answer: ReviewedAnswer) -> Reply:
    """What an operator wrote, word for word; then the pages it leans on."""
    return Reply(answer.text, Decision.REVIEWED, found, (as_source(answer), *answer.sources))


def quote(found: SearchResponse, faq: Passage) -> Reply:
    """A curated FAQ, word for word."""
    return Reply(faq.text, Decision.CURATED, found, (as_source(faq),))


def phrase(found: SearchResponse, draft: Draft) -> Reply:
    """A draft with the passages that back it."""
    return Reply(draft.text, Decision.DRAFT, found, as_sources(_cited(found, draft)), draft=draft)


def admit_unknown(found: SearchResponse, meant: str | None) -> Reply:
    """Say that we don't know; show the nearest pages, the question that was perhaps meant, and offer a person."""
    nearest = nearest_pages(found)
    text = "I don't know the answer to that: nothing in our help pages says it clearly enough."
    if nearest:
        text += " The nearest I found: " + _titles(nearest) + "."
    text += _press(meant) + OFFER
    return Reply(text, Decision.UNKNOWN, found, as_sources(nearest), offer=OFFER_PERSON, meant=meant)


def point_to_pages(found: SearchResponse, meant: str | None) -> Reply:
    """Pages were found, but the model that would put them into words can't be asked. Name them, offer a person."""
    nearest = nearest_pages(found)
    text = "I can't put an answer into words right now."
    if nearest:
        text += " These pages come nearest to your question: " + _titles(nearest) + "."
    text += _press(meant) + OFFER
    return Reply(text, Decision.UNKNOWN, found, as_sources(nearest), offer=OFFER_PERSON, meant=meant)


def _press(meant: str | None) -> str:
    return "" if meant is None else f" If you mean “{meant}”, press it below: that one has an answer."


def without_offer(reply: Reply) -> Reply:
    """While a ticket is being written a person will read it anyway; "yes" must not end the form."""
    return replace(reply, text=reply.text.removesuffix(OFFER), offer=NO_OFFER)


def nearest_pages(found: SearchResponse) -> tuple[Passage, ...]:
    """The two best pages or FAQs, each title once. Tickets have no page to show."""
    pages: dict[str, Passage] = {}
    for passage in found.passages:
        if passage.kind is not PassageKind.TICKET:
            pages.setdefault(passage.title, passage)
    return tuple(pages.values())[:NEAREST]


def _titles(pages: tuple[Passage, ...]) -> str:
    return " and ".join(f"“{page.title}”" for page in pages)


def as_source(passage: Passage) -> Source:
    title = " › ".join(part for part in (passage.title, passage.heading) if part)
    return Source(id=passage.id, title=title, url=passage.url, score=passage.score, updated_at=passage.updated_at)


def as_sources(passages: tuple[Passage, ...]) -> tuple[Source, ...]:
    return tuple(as_source(passage) for passage in passages)


def _cited(found: SearchResponse, draft: Draft) -> tuple[Passage, ...]:
    by_id = {passage.id: passage for passage in found.passages}
    return tuple(by_id[passage] for passage in draft.cited if passage in by_id)
