"""The gateway (port 8080), the only process that the outside reaches.

    uvicorn gateway.api:app --host 127.0.0.1 --port 8080

`POST /chat/messages` asks, `GET /` is the chat page, `GET /health` says whether the neighbours are there.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Cookie, FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from contracts.http import install_errors, install_metrics, problem
from contracts.wire import Audience, ChatReply, Wire
from gateway import phrases
from gateway.message import MessageReader
from gateway.rasa import RasaClient
from gateway.record import AnswerLog
from gateway.sessions import COOKIE, QuickReplies, Sessions
from gateway.settings import settings
from gateway.turns import Turns

PAGE = Path(__file__).parent / "page"
MAX_BODY_BYTES = 64 * 1024
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    config = settings()
    state = app.state
    state.sessions = Sessions(config.session_secret, config.session_days)
    state.rasa, state.answers = RasaClient(config.rasa_url), AnswerLog(config.database_url)
    state.turns = Turns(
        state.rasa, state.answers, MessageReader(), QuickReplies(config.session_secret, config.session_days),
        config.turn_seconds, config.turns_at_once, config.waiting_per_conversation,
    )  # fmt: skip
    yield
    await state.rasa.close()
    state.answers.close()


app = FastAPI(title="Frontdesk gateway", lifespan=_lifespan, docs_url=None, redoc_url=None)
install_errors(app)
app.mount("/static", StaticFiles(directory=PAGE), name="static")


class IncomingMessage(Wire):
    """The text is measured after cleaning, with a sentence of its own; the body as a whole has a limit too."""

    message: str
    button: str | None = None


@app.middleware("http")
async def guard(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse bodies that are too large before reading them all; add the security headers."""
    if await _body_fits(request):
        response = await call(request)
    else:
        response = problem(request, 413, "too_large", phrases.BODY_TOO_LARGE)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _body_fits(request: Request) -> bool:
    """Read the body of a POST, but no more of it than we take."""
    if request.method != "POST":
        return True
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return False
        chunks.append(chunk)
    request._body = b"".join(chunks)
    return True


install_metrics(app, "gateway")  # after the guard, around it: what is refused counts too


@app.get("/", include_in_schema=False)
def page() -> FileResponse:
    return FileResponse(PAGE / "index.html")


@app.get("/health")
async def health(request: Request) -> JSONResponse:
    """200 when a question can be answered, 503 naming what is missing."""
    state = request.app.state
    parts = {"rasa": await state.rasa.ready(), "database": await state.answers.ready()}
    ready = all(parts.values())
    return JSONResponse({"status": "ready" if ready else "unready", **parts}, 200 if ready else 503)


@app.post("/chat/messages")
async def post_message(
    body: IncomingMessage,
    request: Request,
    response: Response,
    token: Annotated[str | None, Cookie(alias=COOKIE)] = None,
) -> ChatReply:
    """Ask. Always a reply with a sentence and a turn id; 4xx only for a message that can't be one."""
    state = request.app.state
    conversation = state.sessions.read(token)
    if conversation is None:
        conversation, token = state.sessions.begin()
        response.set_cookie(
            COOKIE, token, max_age=state.sessions.seconds, httponly=True, samesite="lax",
            secure=settings().secure_cookie, path="/",
        )  # fmt: skip
    reply: ChatReply = await state.turns.answer(conversation, body.message, "web", Audience.PUBLIC, body.button)
    return reply
