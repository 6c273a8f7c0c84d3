"""Does the current release still answer right what operators have corrected?

Each live correction is asked again: the knowledge service first, whose `reviewed` is the operators' answer that comes
nearest, and, if wanted, the whole assistant through the gateway's public door.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import httpx
from sqlalchemy import Engine, Row, select

from contracts.client import read_answer
from contracts.errors import DeadlinePassed, NeighbourDown
from contracts.redaction import redact
from contracts.wire import Audience, ChatReply, Decision, SearchRequest, SearchResponse
from review.cards import CARDS, CORRECTIONS
from review.contradictions import normalised

SECONDS = 30.0


class State(StrEnum):
    RIGHT = "right"
    MISSING = "missing"
    OTHER = "other_answer"

    @property
    def sign(self) -> str:
        return {State.RIGHT: "✓", State.MISSING: "✗", State.OTHER: "other answer"}[self]


@dataclass(frozen=True)
class Correction:
    """`lane`: how the turn came to be looked at; None for a correction without a card."""

    id: str
    question: str
    answer: str
    audience: Audience
    since: datetime
    lane: str | None


@dataclass(frozen=True)
class Checked:
    """`score`: the probability that the knowledge service gives to the answer it would quote; None if it has none."""

    correction: Correction
    state: State
    score: float | None = None

    def as_json(self) -> dict[str, Any]:
        said = asdict(self.correction)
        return {**said, "since": self.correction.since.isoformat(), "state": self.state.value, "score": self.score}


# Asks one correction. Raises errors of the tree when the service can't say.
Check = Callable[[Correction], Checked]


def live_corrections(engine: Engine) -> list[Correction]:
    """Those that are not retired, the oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(CORRECTIONS, CARDS.c.lane)
            .outerjoin(CARDS, CARDS.c.turn_id == CORRECTIONS.c.turn_id)
            .where(CORRECTIONS.c.retired_at.is_(None))
            .order_by(CORRECTIONS.c.created_at, CORRECTIONS.c.id)
        ).all()
    return [_correction(row) for row in rows]


def check_knowledge(client: httpx.Client, threshold: float) -> Check:
    """Right: the reviewed answer is this one, or says the same, and is sure enough to be given."""

    def check(one: Correction) -> Checked:
        body = SearchRequest(question=one.question, audience=one.audience, k=1)
        content = body.model_dump_json().encode()
        response = _sent(client, "POST", "/search", content=content, headers={"Content-Type": "application/json"})
        reviewed = read_answer("The knowledge service", response, SearchResponse).reviewed
        if reviewed is None or reviewed.score < threshold:
            return Checked(one, State.MISSING, reviewed.score if reviewed else None)
        same = reviewed.id == one.id or normalised(reviewed.text) == normalised(one.answer)
        return Checked(one, State.RIGHT if same else State.OTHER, reviewed.score)

    return check


def check_gateway(server: str, knowledge: Check) -> Check:
    """As a customer of the website: only what the public may read can be asked there, the rest goes to `knowledge`.

    The reply is compared after the patterns for personal data, which the correction's copy went through as well.
    """

    def check(one: Correction) -> Checked:
        if one.audience is not Audience.PUBLIC:
            return knowledge(one)
        with httpx.Client(base_url=server, timeout=SECONDS, trust_env=False) as visitor:
            _sent(visitor, "POST", "/chat/v1/session", json={"transport": "cookie"})
            asked = _sent(visitor, "POST", "/chat/v1/messages", json={"text": one.question}, headers={"Prefer": "wait"})
            reply = read_answer("The gateway", asked, ChatReply)
        if normalised(redact(reply.text)) == normalised(redact(one.answer)):
            return Checked(one, State.RIGHT)
        unanswered = reply.evidence is None or reply.evidence.decision is Decision.UNKNOWN
        return Checked(one, State.MISSING if unanswered else State.OTHER)

    return check


def _sent(client: httpx.Client, method: str, path: str, **content: Any) -> httpx.Response:
    """Raises errors of the tree."""
    try:
        return client.request(method, path, **content)
    except httpx.TimeoutException as error:
        raise DeadlinePassed(f"{client.base_url} did not answer within {SECONDS:.0f} s.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NeighbourDown(f"Nothing answers at {client.base_url}. Start it with: make up") from error


def _correction(row: Row[Any]) -> Correction:
    return Correction(row.id, row.question, row.answer, Audience(row.audience), row.created_at, row.lane)
