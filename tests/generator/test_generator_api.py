"""The model service on a real port, with its real model."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.wire import DEADLINE_HEADER, TURN_HEADER, Draft, Problem
from generator.api import app
from generator.engine import Engine
from generator.settings import settings

PLACES = 2
VERSIONS = "Open the file on the web, choose Versions, pick the version that you want and press Restore."
BODY: dict[str, Any] = {
    "question": "how do I get an older version back?",
    "passages": [
        {"id": "faq:versions", "text": f"How do I restore an older version of a file?\n{VERSIONS}"},
        {"id": "faq:days", "text": "How long are versions kept?\nVersions are kept for 90 days on the Solo plan."},
    ],
}


@pytest.fixture(scope="module")
def address(engine: Engine, serve: Callable[[Any], str]) -> Iterator[str]:
    """`engine` is asked for so that the conversion is done before."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GENERATOR_QUEUE", str(PLACES))
        environment.setenv("GENERATOR_THREADS", "2")
        settings.cache_clear()
        yield serve(app)
    settings.cache_clear()


def post(address: str, body: object = BODY, **headers: str) -> httpx.Response:
    return httpx.post(f"{address}/draft", json=body, headers=headers, timeout=30, trust_env=False)


def test_a_draft_comes_with_its_support_and_its_model(address: str, engine: Engine) -> None:
    draft = Draft.model_validate(post(address).json())
    assert draft.text and draft.stopped == "end"
    assert (draft.model_version, draft.passages) == (engine.version, ("faq:versions", "faq:days"))
    assert 0.0 <= draft.support <= 1.0 and 0.0 <= draft.no_answer <= 1.0
    assert set(draft.cited) <= set(draft.passages)


def test_a_draft_tells_its_tokens_and_times(address: str) -> None:
    draft = Draft.model_validate(post(address).json())
    assert draft.prompt_tokens > 20 and 0 < draft.answer_tokens <= 80
    assert 0 < draft.first_token_ms <= draft.total_ms


def test_the_same_request_gives_the_same_draft(address: str) -> None:
    one, other = (Draft.model_validate(post(address).json()) for _ in range(2))
    assert (one.text, one.support, one.no_answer) == (other.text, other.support, other.no_answer)


@pytest.mark.parametrize("passages", [[], [{"id": "page:1", "text": "word " * 2_000}]])
def test_without_a_passage_that_fits_the_model_is_not_run(address: str, passages: list[dict[str, str]]) -> None:
    draft = Draft.model_validate(post(address, {**BODY, "passages": passages}).json())
    assert (draft.text, draft.support, draft.no_answer) == ("", 0.0, 1.0)
    assert (draft.prompt_tokens, draft.answer_tokens, draft.total_ms) == (0, 0, 0.0)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "question"),
        ({"question": "why?"}, "passages"),
        ({**BODY, "question": ""}, "question"),
        ({**BODY, "question": "x" * 4_001}, "question"),
        ({**BODY, "question": 7}, "question"),
        ({**BODY, "question": None}, "question"),
        ({**BODY, "passages": "all"}, "passages"),
        ({**BODY, "passages": [{"id": "x"}]}, "text"),
        ({**BODY, "passages": [{"id": "x", "text": ""}]}, "text"),
        ({**BODY, "passages": BODY["passages"] * 20}, "passages"),
        ({**BODY, "max_tokens": 0}, "max_tokens"),
        ({**BODY, "max_tokens": 10_000}, "max_tokens"),
        ({**BODY, "temperature": 2}, "temperature"),
        ([], "body"),
    ],
)
def test_a_bad_body_is_refused_naming_the_field(address: str, body: object, named: str) -> None:
    response = post(address, body)
    assert response.status_code == 422
    assert named in Problem.model_validate(response.json()).message.lower()


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"\xff\xfe\x00", b"[" * 50_000])
def test_a_body_that_is_not_json_is_refused(address: str, body: bytes) -> None:
    response = httpx.post(
        f"{address}/draft", content=body, headers={"Content-Type": "application/json"}, trust_env=False
    )
    assert response.status_code in (400, 422)
    assert "Traceback" not in Problem.model_validate(response.json()).message


@pytest.mark.parametrize("left", ["0", "-1000"])
def test_a_deadline_that_has_passed_is_a_504_with_the_turn(address: str, left: str) -> None:
    turn = uuid4().hex
    response = post(address, **{DEADLINE_HEADER: left, TURN_HEADER: turn})
    assert response.status_code == 504
    assert Problem.model_validate(response.json()).turn_id == turn


@pytest.mark.parametrize("left", ["soon", "", "1.5", "9" * 400])
def test_a_deadline_that_is_no_number_is_refused(address: str, left: str) -> None:
    assert post(address, **{DEADLINE_HEADER: left}).status_code == 422


def test_a_short_deadline_ends_the_draft_early_and_says_so(address: str) -> None:
    response = post(address, {**BODY, "max_tokens": 200}, **{DEADLINE_HEADER: "40"})
    assert response.status_code == 504 or response.json()["stopped"] in ("deadline", "end")


def test_a_full_queue_is_a_503_with_a_time_to_come_back(address: str) -> None:
    with ThreadPoolExecutor(12) as callers:
        responses = list(callers.map(lambda _: post(address), range(12)))
    turned_away = [response for response in responses if response.status_code == 503]
    assert {response.status_code for response in responses} == {200, 503}
    assert all(int(response.headers["Retry-After"]) >= 1 for response in turned_away)
    assert {Problem.model_validate(response.json()).code for response in turned_away} == {"busy"}


def test_after_a_rush_the_queue_is_empty_and_serves_again(address: str) -> None:
    with ThreadPoolExecutor(6) as callers:
        list(callers.map(lambda _: post(address), range(6)))
    assert httpx.get(f"{address}/health").json()["waiting"] == 0
    assert post(address).status_code == 200


def test_health_tells_the_model_and_the_line(address: str, engine: Engine) -> None:
    assert httpx.get(f"{address}/health").json() == {"status": "ready", "model_version": engine.version, "waiting": 0}


def test_requests_are_counted(address: str) -> None:
    def drafts() -> float:
        text = httpx.get(f"{address}/metrics").text
        found = re.search(r'frontdesk_requests_total{process="generator",route="/draft",status="200"} (\S+)', text)
        return float(found[1]) if found else 0.0

    before = drafts()
    post(address)
    assert drafts() == before + 1
