"""How every HTTP process of ours answers errors and counts requests: one shape, no stack trace outside."""

import logging
import time
from functools import cache

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import Busy, FrontdeskError
from contracts.wire import TURN_HEADER, Problem

log = logging.getLogger("frontdesk")

REQUESTS = Counter("frontdesk_requests_total", "Requests by process, route and status", ["process", "route", "status"])
SECONDS = Histogram(
    "frontdesk_request_seconds", "Time to answer a request", ["process", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip

REFUSALS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("bad_method", "This address doesn't take that method."),
    413: ("too_large", "That is too much to send in one request."),
}


def install_errors(app: FastAPI) -> None:
    """Turn the error tree, bad bodies and everything unforeseen into a `Problem` with a sentence."""
    app.add_exception_handler(FrontdeskError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unforeseen)


class Measured:
    """ASGI middleware: counts every request by route and times it until its response begins (a stream never ends)."""

    def __init__(self, app: ASGIApp, process: str) -> None:
        self._app, self._process = app, process

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        def observe(answered: int) -> None:
            nonlocal status
            status = answered
            counted, timed = _series(self._process, getattr(scope.get("route"), "path", "none"), answered)
            counted.inc()
            timed.observe(time.perf_counter() - started)

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                observe(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, measured)
        finally:
            if not status:
                observe(500)


@cache
def _series(process: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """To look a series up by its labels costs more than to count in it."""
    return REQUESTS.labels(process, route, status), SECONDS.labels(process, route)


def install_metrics(app: FastAPI, process: str) -> None:
    """Count and time every request by route, and serve `GET /metrics`."""
    app.add_middleware(Measured, process=process)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def problem(request: Request, status: int, code: str, message: str, retry_after: int | None = None) -> JSONResponse:
    body = Problem(code=code, message=message, turn_id=request.headers.get(TURN_HEADER))
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse(body.model_dump(), status, headers=headers)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, FrontdeskError)
    return problem(
        request, error.status, error.code, str(error), error.retry_after if isinstance(error, Busy) else None
    )


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem(request, 400, "not_json", "The body is not valid JSON.")
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return problem(request, 422, "bad_request", f"{where or 'The body'}: {first['msg']}.")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, sentence = REFUSALS.get(error.status_code, ("refused", str(error.detail)))
    response = problem(request, error.status_code, code, sentence)
    response.headers.update(error.headers or {})  # 405 says in Allow what would be right
    return response


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen error at %s turn=%s", request.url.path, request.headers.get(TURN_HEADER), exc_info=error)
    return problem(request, 500, "internal", "Something went wrong here. It was logged with the id of this turn.")
