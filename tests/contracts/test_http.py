"""How our HTTP processes answer errors: a real app, asked over a real socket."""

import asyncio
import logging
import re
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from contracts.errors import Busy, FrontdeskError, Misconfigured, NotFound, TooLarge
from contracts.http import install_errors, install_metrics
from contracts.wire import TURN_HEADER, Problem, Wire

RAISED: dict[str, Exception] = {
    "gone": NotFound("There is no such ticket."),
    "long": TooLarge("The message is too long."),
    "busy": Busy("Too many questions.", retry_after=7),
    "setting": Misconfigured("A file is missing."),
    "bug": RuntimeError("the secret reason"),
}


class Words(Wire):
    message: str


def make_app() -> FastAPI:
    app = FastAPI()
    install_errors(app)
    install_metrics(app, "sample")

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise RAISED[name]

    @app.post("/echo")
    async def echo(body: Words) -> Words:
        await asyncio.sleep(0)
        return body

    return app


@pytest.fixture(scope="module")
def address(serve: Callable[[FastAPI], str]) -> str:
    return serve(make_app())


@pytest.mark.parametrize("name", ["gone", "long", "busy", "setting"])
def test_an_error_of_the_tree_becomes_its_status(address: str, name: str) -> None:
    error = RAISED[name]
    assert isinstance(error, FrontdeskError)
    response = httpx.get(f"{address}/raise/{name}")
    assert response.status_code == error.status
    assert Problem.model_validate(response.json()) == Problem(code=error.code, message=str(error))


def test_busy_tells_in_the_header_when_to_come_back(address: str) -> None:
    assert httpx.get(f"{address}/raise/busy").headers["Retry-After"] == "7"
    assert "Retry-After" not in httpx.get(f"{address}/raise/gone").headers


def test_a_problem_carries_the_id_of_its_turn(address: str) -> None:
    turn = uuid4().hex
    response = httpx.get(f"{address}/raise/gone", headers={TURN_HEADER: turn})
    assert response.json()["turn_id"] == turn


def test_a_bug_is_logged_with_its_turn_and_told_without_its_reason(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    turn = uuid4().hex
    with caplog.at_level(logging.ERROR, "frontdesk"):
        response = httpx.get(f"{address}/raise/bug", headers={TURN_HEADER: turn})
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert "secret" not in response.text
    assert turn in caplog.text


@pytest.mark.parametrize("body", ["{", "", "message=hello"])
def test_a_body_that_is_not_json_is_refused_in_a_sentence(address: str, body: str) -> None:
    response = httpx.post(f"{address}/echo", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    assert Problem.model_validate(response.json()).message.endswith(".")


@pytest.mark.parametrize(
    ("body", "named"),
    [({}, "message"), ({"message": 3}, "message"), ({"message": "x", "extra": 1}, "extra"), ([], "body")],
)
def test_a_wrong_body_is_refused_naming_the_field(address: str, body: object, named: str) -> None:
    response = httpx.post(f"{address}/echo", json=body)
    assert response.status_code == 422
    assert named in Problem.model_validate(response.json()).message.lower()


def test_an_unknown_path_and_method_are_problems_too(address: str) -> None:
    assert Problem.model_validate(httpx.get(f"{address}/nowhere").json()).code == "not_found"
    wrong_method = httpx.delete(f"{address}/echo")
    assert (wrong_method.status_code, wrong_method.headers["Allow"]) == (405, "POST")


def _count(address: str, route: str, status: int) -> float:
    pattern = rf'frontdesk_requests_total{{process="sample",route="{re.escape(route)}",status="{status}"}} (\S+)'
    found = re.search(pattern, httpx.get(f"{address}/metrics").text)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize(("name", "status"), [("gone", 404), ("bug", 500)])
def test_a_failed_request_is_counted_by_its_route(address: str, name: str, status: int) -> None:
    before = _count(address, "/raise/{name}", status)
    httpx.get(f"{address}/raise/{name}")
    assert _count(address, "/raise/{name}", status) == before + 1


def test_paths_that_nobody_serves_share_one_label(address: str) -> None:
    httpx.get(f"{address}/{uuid4().hex}")
    assert _count(address, "none", 404) >= 1
