"""ASGI middleware around the whole gateway: which pages may use it, and what browsers are told about ours."""

from collections.abc import Collection, Mapping

from anyio import BrokenResourceError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.http import REFUSALS, problem
from gateway import phrases

API = "/chat/"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


RAW_SECURITY_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class AllowedOrigins:
    """Refuses requests to the API that a browser sends for a page of another origin, unless that is on the list.

    CORS alone only hides the reply; the message would be asked all the same.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app, self._origins = app, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(API) and not self._allowed(Headers(scope=scope)):
            response = problem(Request(scope), 403, "foreign_origin", phrases.FOREIGN_ORIGIN)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _allowed(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        return origin is None or origin in self._origins or origin.partition("://")[2] == headers.get("host")


class BodyLimit:
    """Refuses bodies that are too large, without reading them all, with a sentence like every other refusal.

    `wider`: beginning of a path → how many bytes it takes instead of `most_bytes`.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, wider: Mapping[str, int] | None = None) -> None:
        self._app, self._most, self._wider = app, most_bytes, dict(wider or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = next((most for way, most in self._wider.items() if scope["path"].startswith(way)), self._most)
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            response = problem(Request(scope), 413, *REFUSALS[413])
            await response(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413)
            return message

        await self._app(scope, limited, send)


class LeftStreams:
    """A customer who leaves while an event is being sent is no error; FastAPI's streams raise one (fastapi#15824)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except ExceptionGroup as errors:  # noqa: F821 (ruff checks for 3.10, this process runs on 3.11)
            if errors.split(BrokenResourceError)[1] is not None:  # something else went wrong too
                raise


class SecurityHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                missing = [header for header in RAW_SECURITY_HEADERS if header[0] not in given]
                message = {**message, "headers": [*message["headers"], *missing]}
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
