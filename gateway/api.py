"""The gateway (port 8080), the only process that the outside reaches.

    uvicorn gateway.api:app --host 127.0.0.1 --port 8080

`/chat/v1` is the chat API (docs/chat-api.md), `/chat/docs` its page, `/widget/` the website chat and its demo page,
`/operator/v1` for operators, `/health` says whether the neighbours are there.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match
from swagger_ui_bundle import swagger_ui_path

from contracts.database import open_engine
from contracts.http import REFUSALS, install_errors, install_metrics, problem
from gateway import chat_api, operator_api, phrases
from gateway.chat_api import CHANNEL, Services
from gateway.chat_models import PersonState
from gateway.conversations import Conversations
from gateway.door import Door
from gateway.doors import AllowedOrigins, BodyLimit, LeftStreams, SecurityHeaders
from gateway.events import Event, Events
from gateway.identity import Identities
from gateway.knowledge import KnowledgeClient
from gateway.message import MessageReader
from gateway.outbox import Outbox
from gateway.rasa import RasaClient
from gateway.sessions import Offers, Sessions, Vouchers
from gateway.settings import ROOT, Settings, settings
from gateway.slack import address as slack
from gateway.slack.calls import web_client
from gateway.slack.card_writer import CardWriter
from gateway.slack.following import Following
from gateway.slack.outlet import SlackOutlet
from gateway.slack.service import Review, SlackService, routes
from gateway.takeover import RasaInStep
from gateway.turns import Limits, Turns
from review.queue import Reviews
from review.settings import settings as review_settings

log = logging.getLogger("frontdesk.gateway")

MAX_BODY_BYTES = 64 * 1024
# A message of 40,000 characters comes twice (as text and as blocks), with every letter of some languages as \u and four
# digits, or in percent signs.
MAX_SLACK_BYTES = 1024 * 1024
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
DOCS = Path(__file__).parent / "docs_page"
DEMO = ROOT / "widget" / "demo"
WIDGET = ROOT / "widget" / "dist" / "frontdesk-chat.js"


@dataclass(frozen=True)
class Process:
    """Everything of this process that lives as long as it does. `slack` is None without a bot token."""

    rasa: RasaClient
    services: Services
    outbox: Outbox
    slack: SlackService | None


def build(config: Settings) -> Process:
    """The composition root of this process."""
    rasa = RasaClient(config.rasa_url)
    engine = open_engine(config.database_url, config.database_patience_seconds)
    quick = open_engine(config.database_url, 0) if engine.dialect.name == "sqlite" else None
    outbox, client = Outbox(engine), web_client(config)
    conversations = Conversations(engine, quick, Following(outbox, config.slack_review_channel))
    in_step = RasaInStep(conversations, rasa)
    events = Events(config.streams_per_conversation, config.streams_in_all)
    offers = Offers(config.session_secret, config.session_days)
    limits = Limits(
        config.turn_seconds, config.burst_seconds, config.turns_at_once, config.waiting_in_all,
        config.waiting_per_conversation,
    )  # fmt: skip
    outlets = {slack.CHANNEL: SlackOutlet(client, outbox)} if config.slack_bot_token else {}
    services = Services(
        sessions=Sessions(config.session_secret, config.session_days), offers=offers,
        identities=Identities(config.identity_secret), vouchers=Vouchers(config.session_secret),
        conversations=conversations, events=events,
        turns=Turns(rasa, conversations, events, offers, limits, outlets), in_step=in_step,
        door=Door(CHANNEL, MessageReader(), offers),
    )  # fmt: skip
    if not config.slack_bot_token:
        return Process(rasa, services, outbox, None)

    async def health() -> str:
        ready = await rasa.ready()
        return phrases.READY if ready else phrases.NOT_READY

    door = Door(slack.CHANNEL, services.door.reader, offers)
    params = review_settings().params()
    reviews = Reviews(engine, params, CardWriter(config.slack_review_channel))
    review = Review(engine, reviews, params, KnowledgeClient(config.knowledge_url))
    service = SlackService(
        config, client, door, services.turns, conversations, events, outbox, in_step, review, health
    )  # fmt: skip
    return Process(rasa, services, outbox, service)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    config = settings()
    process = build(config)
    app.state.rasa, app.state.services, app.state.slack = process.rasa, process.services, process.slack
    works = (_recover(process.services, config), process.outbox.run(), process.services.in_step.run())
    tasks = [asyncio.create_task(work) for work in works]
    if process.slack is not None:
        process.slack.start()
    # What is loaded by now stays; looking through it for garbage again and again took a tenth of a turn's time.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    yield
    if process.slack is not None:
        await process.slack.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await process.services.turns.close()
    await process.outbox.close()
    await process.rasa.close()
    # A cancelled task leaves its transaction running in its thread; the connections are closed after it.
    await asyncio.get_running_loop().shutdown_default_executor()
    process.services.conversations.close()


async def _recover(built: Services, config: Settings) -> None:
    """Answer what an earlier run left in the inbox, then again and again what a person left unanswered."""
    recovered, silent_for = False, timedelta(minutes=config.person_minutes)
    while True:
        try:
            for conversation, name in await built.conversations.take_back(silent_for):
                built.events.publish(conversation, Event("person", PersonState(state="left", name=name)))
                built.in_step.look()
                recovered = False
            if not recovered:
                await built.turns.recover()
                recovered = True
        except SQLAlchemyError as error:
            log.error("the inbox can't be read: %s", type(error).__name__)
        await asyncio.sleep(config.look_seconds if recovered else 1.0)


def create_app(config: Settings) -> FastAPI:
    app = FastAPI(
        title="Frontdesk chat API", version="1", lifespan=_lifespan, docs_url=None, redoc_url=None,
        openapi_url="/chat/openapi.json",
    )  # fmt: skip
    install_errors(app)
    app.add_exception_handler(400, _not_json)
    app.add_exception_handler(405, _bad_method)
    app.add_exception_handler(SQLAlchemyError, _without_database)
    app.include_router(chat_api.router)
    app.include_router(operator_api.router, include_in_schema=False)
    app.include_router(routes(config))
    _add_pages(app)
    app.add_middleware(LeftStreams)
    app.add_middleware(BodyLimit, most_bytes=MAX_BODY_BYTES, wider={"/slack/": MAX_SLACK_BYTES})
    app.add_middleware(AllowedOrigins, origins=config.origins)
    app.add_middleware(
        CORSMiddleware, allow_origins=config.origins, allow_credentials=True, expose_headers=["Retry-After"],
        allow_methods=["GET", "POST", "PUT", "DELETE"], max_age=600,
        allow_headers=["Authorization", "Content-Type", "Prefer", "Last-Event-ID"],
    )  # fmt: skip
    app.add_middleware(SecurityHeaders)
    install_metrics(app, "gateway")  # outermost: what is refused counts too
    return app


async def _without_database(request: Request, error: Exception) -> Response:
    log.error("database: %s at %s", type(error).__name__, request.url.path)
    return problem(request, 503, "unavailable", phrases.NO_DATABASE, retry_after=5)


async def _not_json(request: Request, error: Exception) -> Response:
    """FastAPI tells broken JSON (a 422 of its own) from a body that can't even be read: no UTF-8, or too deep."""
    return problem(request, 400, "not_json", phrases.NOT_JSON)


async def _bad_method(request: Request, error: Exception) -> Response:
    """Starlette's `Allow` names the methods of the first route at an address; ours those of all."""
    assert isinstance(error, HTTPException)
    response = problem(request, 405, *REFUSALS[405])
    files = not error.headers  # the pages, which take any method into their folder and then refuse it
    allowed = ("GET", "HEAD") if files else (method for method in METHODS if _takes(request, method))
    response.headers["Allow"] = ", ".join(allowed)
    return response


def _takes(request: Request, method: str) -> bool:
    return any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)


def _add_pages(app: FastAPI) -> None:
    app.mount("/chat/docs/static", StaticFiles(directory=swagger_ui_path), name="swagger")
    app.mount("/chat/docs", StaticFiles(directory=DOCS, html=True), name="docs")
    app.mount("/widget/demo", StaticFiles(directory=DEMO, html=True), name="demo")

    @app.get("/", include_in_schema=False)
    def front() -> RedirectResponse:
        return RedirectResponse("/widget/demo/")

    @app.api_route("/widget/frontdesk-chat.js", methods=["GET", "HEAD"], include_in_schema=False)
    def widget(request: Request) -> Response:
        """Any page may load it: it holds no secret. What it may do is settled by the origin of the page."""
        if not WIDGET.is_file():
            return problem(request, 404, "not_built", phrases.NO_WIDGET)
        public = {
            "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "public, max-age=300",
        }  # fmt: skip
        return FileResponse(WIDGET, media_type="text/javascript", headers=public)

    @app.get("/health", include_in_schema=False)
    async def health(request: Request) -> JSONResponse:
        """200 when a question can be answered, 503 naming what is missing."""
        parts = {"rasa": await request.app.state.rasa.ready(), "database": await _database_ready(request)}
        ready = all(parts.values())
        return JSONResponse({"status": "ready" if ready else "unready", **parts}, 200 if ready else 503)


async def _database_ready(request: Request) -> bool:
    try:
        await request.app.state.services.conversations.ready()
    except SQLAlchemyError:
        return False
    return True


def __getattr__(name: str) -> FastAPI:
    """`app` for uvicorn: made when asked for, from the environment of that moment."""
    if name == "app":
        return create_app(settings())
    raise AttributeError(name)
