"""What was corrected is asked again: of the knowledge service and of the whole assistant, both on a real port."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import Engine

from contracts.errors import BadRequest, Busy, NeighbourDown, NeighbourLied
from contracts.wire import (
    Audience,
    ChatReply,
    Decision,
    Evidence,
    PassageKind,
    ReviewedAnswer,
    SearchRequest,
    SearchResponse,
)  # fmt: skip
from review.queue import Reviews
from review.report import Correction, State, check_gateway, check_knowledge, live_corrections
from tests.review.conftest import MINUTE, NOON, Shop

RIGHT = Correction("fix:1", "how do I restore", "Open Versions.", Audience.PUBLIC, NOON, "sample")


class Assistant:
    """Knowledge service and gateway in one; `reviewed` and `reply` are what they say."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.reviewed: ReviewedAnswer | None = None
        self.reply = ChatReply(
            turn_id="t-1", text="Open versions!", evidence=Evidence(decision=Decision.REVIEWED, question="q")
        )
        self.asked: list[SearchRequest] = []
        self.said: list[Any] = []
        self.instead: Response | None = None
        self.app.post("/search")(self.search)
        self.app.post("/chat/v1/session")(lambda: {})
        self.app.post("/chat/v1/messages")(self.message)

    async def search(self, body: SearchRequest) -> Any:
        self.asked.append(body)
        if self.instead is not None:
            return self.instead
        return SearchResponse(
            question=body.question, passages=(), index_version="k", embedding_model="m", took_ms=1.0,
            reviewed=self.reviewed,
        )  # fmt: skip

    async def message(self, request: Request) -> Any:
        self.said.append((await request.json(), request.headers.get("prefer")))
        return self.instead or self.reply

    def finds(self, id: str = "fix:1", text: str = "Open Versions.", score: float = 0.9) -> None:
        self.reviewed = passage(id, text, score, NOON)


def passage(id: str, text: str, score: float, at: datetime) -> ReviewedAnswer:
    return ReviewedAnswer(
        id=id, kind=PassageKind.REVIEWED, title="Reviewed", text=text, url="", source="reviewed", updated_at=at,
        synced_at=at, score=score,
    )  # fmt: skip


@pytest.fixture
def assistant() -> Assistant:
    return Assistant()


@pytest.fixture
def client(assistant: Assistant, serve: Callable[[Any], str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=serve(assistant.app), trust_env=False) as client:
        yield client


def test_right_is_its_own_answer_sure_enough(assistant: Assistant, client: httpx.Client) -> None:
    check = check_knowledge(client, 0.8)
    assert check(RIGHT).state is State.MISSING
    assistant.finds(score=0.79)
    assert (check(RIGHT).state, check(RIGHT).score) == (State.MISSING, 0.79)
    assistant.finds(score=0.8)
    assert check(RIGHT).state is State.RIGHT
    assert (assistant.asked[0].question, assistant.asked[0].audience) == ("how do I restore", Audience.PUBLIC)


def test_another_correction_is_another_answer_unless_it_says_the_same(
    assistant: Assistant, client: httpx.Client
) -> None:
    check = check_knowledge(client, 0.8)
    assistant.finds(id="fix:2", text="Ask support.")
    assert (check(RIGHT).state, check(RIGHT).state.sign) == (State.OTHER, "other answer")
    assistant.finds(id="fix:2", text="Open  versions")
    assert check(RIGHT).state is State.RIGHT


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response("{}"), NeighbourLied), (Response("no", 500), NeighbourLied), (Response("", 503), Busy),
        (Response("", 422), BadRequest),
    ],
)  # fmt: skip
def test_a_knowledge_service_that_fails_is_told(
    assistant: Assistant, client: httpx.Client, response: Response, error: type[Exception]
) -> None:
    assistant.instead = response
    with pytest.raises(error):
        check_knowledge(client, 0.8)(RIGHT)


def test_without_a_knowledge_service_nothing_is_claimed() -> None:
    with httpx.Client(base_url="http://127.0.0.1:9", trust_env=False) as client, pytest.raises(NeighbourDown):
        check_knowledge(client, 0.8)(RIGHT)


def test_the_whole_assistant_is_asked_as_a_customer(assistant: Assistant, client: httpx.Client) -> None:
    check = check_gateway(str(client.base_url), check_knowledge(client, 0.8))
    assert check(RIGHT).state is State.RIGHT
    assert assistant.said == [({"text": "how do I restore"}, "wait")]
    assistant.reply = assistant.reply.model_copy(update={"text": "No idea."})
    assert check(RIGHT).state is State.OTHER
    assistant.reply = ChatReply(
        turn_id="t-1", text="I don't know.", evidence=Evidence(decision=Decision.UNKNOWN, question="q")
    )
    assert check(RIGHT).state is State.MISSING
    assistant.reply = ChatReply(turn_id="t-1", text="Sorry.", status="internal")
    assert check(RIGHT).state is State.MISSING


def test_what_only_staff_may_read_is_not_asked_at_the_public_door(assistant: Assistant, client: httpx.Client) -> None:
    assistant.finds()
    internal = Correction("fix:1", "q", "Open Versions.", Audience.INTERNAL, NOON, None)
    assert check_gateway("http://127.0.0.1:9", check_knowledge(client, 0.8))(internal).state is State.RIGHT
    assert assistant.asked[0].audience is Audience.INTERNAL


def test_only_live_corrections_are_asked(engine: Engine, shop: Shop, reviews: Reviews) -> None:
    for number in range(3):
        shop.turn(question=f"question {number}", at=NOON - (9 - number) * MINUTE)
    cards = reviews.look(NOON).opened
    for number, card in enumerate(cards):
        reviews.correct(card.id, "U1", f"answer {number}", at=NOON + number * MINUTE)
    reviews.undo(cards[1].id, "U1", at=NOON + 3 * MINUTE)
    found = live_corrections(engine)
    assert [(one.question, one.answer, one.lane) for one in found] == [
        ("question 0", "answer 0", "sample"), ("question 2", "answer 2", "sample"),
    ]  # fmt: skip
    assert (found[1].since, found[1].audience) == (NOON + 2 * MINUTE, Audience.PUBLIC)
