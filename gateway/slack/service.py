"""Puts the Slack channel together and keeps it connected. Slack may be away when the gateway starts."""

import asyncio
import logging
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization.authorize_result import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine

from contracts.http import problem
from gateway import phrases
from gateway.conversations import Conversations
from gateway.door import Door
from gateway.events import Events
from gateway.knowledge import KnowledgeClient
from gateway.outbox import Outbox
from gateway.settings import Settings
from gateway.slack.address import CHANNEL
from gateway.slack.app import Health, SlackApp
from gateway.slack.calls import CALL_ERRORS, cause_of
from gateway.slack.guard import ReviewChannel
from gateway.slack.inbound import Inbound
from gateway.slack.people import People
from gateway.slack.review import Decisions, Desk, Talk
from gateway.slack.roles import Right, Roles
from gateway.slack.rounds import Rounds
from gateway.slack.sender import SHUT_OUT, SlackSender
from gateway.takeover import RasaInStep
from gateway.turns import Turns
from review.queue import Reviews
from review.settings import ReviewParams

log = logging.getLogger("frontdesk.gateway")
bolt_log = logging.getLogger("frontdesk.gateway.bolt")
bolt_log.setLevel(logging.ERROR)  # it warns of the token in the environment, which it doesn't use

PATHS = ("/slack/events", "/slack/interactivity", "/slack/commands")
NOT_READY = "Slack is being connected. Please send it again."
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
PING_SECONDS = 5.0  # also the pause before the socket is tried again


def routes(config: Settings) -> APIRouter:
    """The addresses that the app's manifest names; none without a signing secret."""
    router = APIRouter(include_in_schema=False)
    if config.slack_bot_token and config.slack_signing_secret:
        for path in PATHS:
            router.add_api_route(path, _handle, methods=["POST"])
    return router


async def _handle(request: Request) -> Response:
    service: SlackService = request.app.state.slack
    return await service.handle(request)


@dataclass(frozen=True)
class Review:
    """What the review queue works with."""

    engine: Engine
    reviews: Reviews
    params: ReviewParams
    knowledge: KnowledgeClient


@dataclass(frozen=True)
class Identity:
    """What `auth.test` says of our token."""

    team: str
    bot: str
    bot_id: str


class SlackService:
    def __init__(
        self,
        config: Settings,
        client: AsyncWebClient,
        door: Door,
        turns: Turns,
        conversations: Conversations,
        events: Events,
        outbox: Outbox,
        in_step: RasaInStep,
        review: Review,
        health: Health,
    ) -> None:
        self._config, self._client, self._door = config, client, door
        self._events, self._in_step, self._review = events, in_step, review
        self._review_channel = ReviewChannel(client, config.slack_review_channel)
        self._reviewing: asyncio.Task[None] | None = None
        self._turns, self._conversations, self._outbox, self._health = turns, conversations, outbox, health
        self._handler: AsyncSlackRequestHandler | None = None
        self._socket: AsyncSocketModeHandler | None = None
        self._task: asyncio.Task[None] | None = None
        outbox.serve(CHANNEL, SlackSender(client, outbox, self._review_channel))

    @property
    def ready(self) -> bool:
        return self._handler is not None

    def start(self) -> None:
        self._task = asyncio.create_task(self._connect())

    async def close(self) -> None:
        tasks = [task for task in (self._task, self._reviewing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close_async()  # type: ignore[no-untyped-call]
        await self._review.knowledge.close()

    async def handle(self, request: Request) -> Response:
        if self._handler is None:
            return problem(request, 503, "unavailable", NOT_READY, retry_after=1)
        try:
            return await self._handler.handle(request)
        except (ValueError, TypeError, AttributeError):  # Bolt reads a body before it looks at the signature
            return problem(request, 400, "not_json", phrases.NOT_JSON)

    async def _connect(self) -> None:
        """Until Slack has said who we are, and for Socket Mode until the socket is open."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._open(await self._identify())
                await self._outbox.try_again(CHANNEL, SHUT_OUT)
                log.info("slack: connected")
                return
            except CALL_ERRORS as error:
                log.error("slack: not connected (%s). Look with: frontdesk doctor slack", cause_of(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _identify(self) -> Identity:
        said = await self._client.auth_test()
        return Identity(said["team_id"], said["user_id"], said["bot_id"])

    async def _open(self, identity: Identity) -> None:
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None, team_id=identity.team, bot_token=self._config.slack_bot_token,
                bot_id=identity.bot_id, bot_user_id=identity.bot,
            )  # fmt: skip

        bolt = AsyncApp(
            client=self._client, authorize=authorize, process_before_response=True,
            signing_secret=self._config.slack_signing_secret or None, logger=bolt_log,
        )  # fmt: skip
        people = People(self._client, identity.team, self._config.staff_channels)
        inbound = Inbound(self._door, self._turns, self._conversations, self._outbox, people, identity.bot)
        rounds = self._hear_operators(bolt, people) if self._config.slack_review_channel else None
        SlackApp(
            bolt, inbound, self._conversations, self._outbox, people, identity.team, self._health, self._review_channel
        )
        if self._config.slack_app_token:
            token = self._config.slack_app_token
            await self._connect_socket(AsyncSocketModeHandler(bolt, token, ping_interval=PING_SECONDS))
        if rounds is not None:
            self._reviewing = asyncio.create_task(rounds.run(self._config.review_look_seconds))
        self._handler = AsyncSlackRequestHandler(bolt)

    async def _connect_socket(self, socket: AsyncSocketModeHandler) -> None:
        """It tries until it succeeds, and from then on keeps itself connected."""
        try:
            await socket.connect_async()  # type: ignore[no-untyped-call]
        except BaseException:
            await socket.close_async()  # type: ignore[no-untyped-call]
            raise
        self._socket = socket

    def _hear_operators(self, bolt: AsyncApp, people: People) -> Rounds:
        config, channel, review = self._config, self._review_channel, self._review
        groups = {Right.REVIEW: config.reviewers, Right.CORRECT: config.correctors, Right.TAKE_OVER: config.take_over}
        desk = Desk(
            Roles(people, channel, groups), people, self._outbox, self._conversations, self._events, self._turns,
            self._in_step, channel.id,
        )  # fmt: skip
        rounds = Rounds(review.engine, review.reviews, review.params, self._outbox, channel)
        Decisions(review.engine, review.reviews, rounds, desk, review.knowledge).listen(bolt)
        Talk(review.reviews, self._conversations, self._events, desk, people).listen(bolt)
        return rounds
