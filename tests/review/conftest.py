"""A shop of turns for the review tests: answers, messages, ratings, made as the gateway makes them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from contracts.tables import AnswerRow, ConversationRow, MessageRow, RatingRow
from contracts.wire import Decision, Evidence, Source
from review.queue import Reviews
from review.sampling import in_sample
from review.settings import ReviewParams, Settings

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PARAMS = Settings().params()
MINUTE = timedelta(minutes=1)


def params(**changes: Any) -> ReviewParams:
    """Those of params.yaml without a sample, changed."""
    return PARAMS.model_copy(update={"sample_rate": 0.0, **changes})


def source(score: float = 0.9, id: str = "faq:1", title: str = "Restore a file") -> Source:
    return Source(id=id, title=title, url="https://help.example/restore", score=score, updated_at=NOON)


class Shop:
    """Writes turns into the database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def turn(
        self,
        question: str = "how do I restore one file",
        text: str = "Choose Versions, then Restore.",
        decision: Decision | None = Decision.CURATED,
        at: datetime = NOON - MINUTE,
        conversation: str | None = None,
        channel: str = "web",
        status: str = "answered",
        score: float = 0.9,
        page: str = "faq:1",
        with_message: bool = True,
        **evidence: Any,
    ) -> str:
        """Returns the id of the turn."""
        turn, conversation = f"t-{uuid4().hex[:12]}", conversation or f"{channel}-{uuid4().hex[:8]}"
        made_of = decision and Evidence(
            decision=decision, question=question, sources=(source(score, page),), **evidence
        )
        with Session(self.engine) as session, session.begin():
            if session.get(ConversationRow, conversation) is None:
                session.add(ConversationRow(id=conversation, channel=channel, created_at=at))
                session.flush()
            if with_message:
                session.add(
                    MessageRow(
                        conversation_id=conversation, author="customer", text=question, state="done", turn_id=turn,
                        created_at=at,
                    )
                )  # fmt: skip
            session.add(
                AnswerRow(
                    turn_id=turn, conversation_id=conversation, channel=channel, question=question, text=text,
                    status=status, decision=decision, evidence=made_of and made_of.model_dump(mode="json"),
                    total_ms=90.0, created_at=at,
                )
            )  # fmt: skip
        return turn

    def rate(self, turn: str, value: str = "down", at: datetime = NOON) -> None:
        with Session(self.engine) as session, session.begin():
            conversation = session.get_one(AnswerRow, turn).conversation_id
            session.add(RatingRow(turn_id=turn, conversation_id=conversation, value=value, created_at=at))

    def ask_for_person(self, turn: str, at: datetime = NOON) -> None:
        with Session(self.engine) as session, session.begin():
            row = session.get_one(ConversationRow, session.get_one(AnswerRow, turn).conversation_id)
            row.person_state, row.person_since = "asked", at

    def many(self, count: int, at: datetime = NOON - MINUTE, **columns: Any) -> list[str]:
        """Turns of one conversation each, without messages, quickly."""
        turns = [f"t-{uuid4().hex[:12]}" for _ in range(count)]
        given = {"channel": "web", "question": "q", "text": "a", "status": "answered", "decision": "unknown", **columns}
        with Session(self.engine) as session, session.begin():
            session.add_all(
                AnswerRow(turn_id=turn, conversation_id=f"web-{turn}", total_ms=1.0, created_at=at, **given)
                for turn in turns
            )
        return turns


@pytest.fixture
def shop(engine: Engine) -> Shop:
    return Shop(engine)


@pytest.fixture
def reviews_of(engine: Engine) -> Callable[..., Reviews]:
    """`reviews_of(sample_rate=1.0)`: a queue with these parameters, as a process that has just started."""
    return lambda **changes: Reviews(engine, params(**changes))


@pytest.fixture
def reviews(reviews_of: Callable[..., Reviews]) -> Reviews:
    """Everything is in the sample."""
    return reviews_of(sample_rate=1.0)


def sampled(turn: str, rate: float) -> bool:
    """Of a turn made by `Shop.many`."""
    return in_sample(f"web-{turn}:{turn}", rate)
