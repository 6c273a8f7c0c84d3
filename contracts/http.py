"""How every HTTP process of ours answers errors and counts requests: one shape, no stack trace outside."""

import logging
import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.exceptions import HTTPException

from contracts.errors import Busy, FrontdeskError
from contracts.wire import TURN_HEADER, Problem

log = logging.getLogger("frontdesk")

REQUESTS = Counter("frontdesk_requests_total", "Requests by process, route and status", ["process", "route", "status"])
SECONDS = Histogram(
    "frontdesk_request_seconds", "Time to answer a request", ["process", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip


def install_errors(app: FastAPI) -> None:
    """Turn the error tree, bad bodies and everything unforeseen into a `Problem` with a sentence."""
    app.add_exception_handler(FrontdeskError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unforeseen)


def install_metrics(app: FastAPI, process: str) -> None:
    """Count and time every request by route, and serve `GET /metrics`."""

    @app.middleware("http")
    async def measure(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        started, status = time.perf_counter(), 500
        try:
            response = await call(request)
            status = response.status_code
            return response
        finally:
            route = getattr(request.scope.get("route"), "path", "none")
            REQUESTS.labels(process, route, status).inc()
            SECONDS.labels(process, route).observe(time.perf_counter() - started)

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
    response = problem(request, error.status_code, "refused", str(error.detail))
    response.headers.update(error.headers or {})  # 405 says in Allow what would be right
    return response


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen error at %s turn=%s", request.url.path, request.headers.get(TURN_HEADER), exc_info=error)
    return problem(request, 500, "internal", "Something went wrong here. It was logged with the id of this turn.")
