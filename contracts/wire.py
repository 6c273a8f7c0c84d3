"""Frozen models of everything that crosses a process border."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Every hop carries these two headers: who asked for it, and how many milliseconds are left.
TURN_HEADER = "Frontdesk-Turn-Id"
DEADLINE_HEADER = "Frontdesk-Deadline-Ms"

MAX_QUESTION_CHARS = 4_000
MAX_PASSAGES = 20


class Wire(BaseModel):
    """Base of all wire models: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Audience(StrEnum):
    """Who may read a passage. Staff read both kinds."""

    PUBLIC = "public"
    INTERNAL = "internal"


class PassageKind(StrEnum):
    FAQ = "faq"
    PAGE = "page"
    TICKET = "ticket"
    REVIEWED = "reviewed"


class Decision(StrEnum):
    """How a turn was answered, best first."""

    REVIEWED = "reviewed"
    CURATED = "curated"
    DRAFT = "draft"
    UNKNOWN = "unknown"


class Passage(Wire):
    """A piece of the knowledge base that can answer a question.

    `score` is the calibrated probability (0 to 1) that the passage answers the question it was found for.
    `dense` (cosine) and `lexical` (BM25, divided by the best possible of this question) are what it was made of.
    """

    id: str
    kind: PassageKind
    title: str
    heading: str = ""
    text: str
    question: str | None = None
    url: str
    source: str
    product: str | None = None
    audience: Audience = Audience.PUBLIC
    updated_at: datetime
    synced_at: datetime
    score: float = 0.0
    dense: float = 0.0
    lexical: float = 0.0

    def as_source(self) -> "Source":
        """What a reader is shown of it."""
        title = " › ".join(part for part in (self.title, self.heading) if part)
        return Source(id=self.id, title=title, url=self.url, score=self.score, updated_at=self.updated_at)


class Source(Wire):
    """What the customer sees of a passage under an answer."""

    id: str
    title: str
    url: str
    score: float
    updated_at: datetime


class ReviewedAnswer(Passage):
    """What an operator wrote for a question; `sources` are the pages that it leans on, with the score of the match."""

    sources: tuple[Source, ...] = ()


class SearchRequest(Wire):
    question: Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARS)]
    previous_question: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)] | None = None
    k: Annotated[int, Field(ge=1, le=MAX_PASSAGES)] = 5
    kinds: tuple[PassageKind, ...] = ()
    sources: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    audience: Audience = Audience.PUBLIC


class SearchResponse(Wire):
    """Passages, best first. `question` is what was searched: a follow-up comes back joined to its forerunner.

    `reviewed` is the operators' answer that comes nearest, its `score` the probability that it was written for a
    question that means the same; None where that is next to nothing.
    """

    question: str
    passages: tuple[Passage, ...]
    index_version: str
    embedding_model: str
    took_ms: float
    reviewed: ReviewedAnswer | None = None


class DraftPassage(Wire):
    id: str
    text: Annotated[str, Field(min_length=1)]


class DraftRequest(Wire):
    question: Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARS)]
    passages: Annotated[tuple[DraftPassage, ...], Field(max_length=MAX_PASSAGES)]
    max_tokens: Annotated[int, Field(ge=1, le=200)] = 80


class Draft(Wire):
    """An answer phrased by the model. `text` is empty when the model itself saw no answer in the passages.

    `support` (0 to 1): how far the passages back the text; `no_answer`: the model's own doubt as a probability.
    `passages` are the ids that fitted the context, best first; `cited` those that back the text.
    `stopped` is `end`, `length` or `deadline`.
    """

    text: str
    support: float
    no_answer: float
    passages: tuple[str, ...]
    cited: tuple[str, ...] = ()
    model_version: str
    prompt_tokens: int
    answer_tokens: int
    first_token_ms: float
    total_ms: float
    stopped: str


class Evidence(Wire):
    """What an answer was made of; stored with it."""

    decision: Decision
    question: str
    sources: tuple[Source, ...] = ()
    support: float | None = None
    thresholds: dict[str, float] = {}
    index_version: str | None = None
    model_version: str | None = None
    timings_ms: dict[str, float] = {}


class Button(Wire):
    """A quick reply. `token` is what to send back when it is pressed; only we can make one."""

    title: str
    token: str


class ChatReply(Wire):
    """What the browser gets: always a sentence and the id of the turn.

    `status` is `answered`, or the cause of a failure told in the text (`unavailable`, `deadline_passed` …).
    """

    turn_id: str
    text: str
    status: str = "answered"
    buttons: tuple[Button, ...] = ()
    evidence: Evidence | None = None
    total_ms: float = 0.0


class Problem(Wire):
    """The body of every 4xx and 5xx: a code for programs, a sentence for people, the turn if there is one."""

    code: str
    message: str
    turn_id: str | None = None
