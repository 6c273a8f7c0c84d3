"""The fake Slack's Socket Mode, with the real AsyncSocketModeHandler of slack-bolt."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack

Json = dict[str, Any]
Story = Callable[[FakeSlack, AsyncApp, AsyncSocketModeHandler], Awaitable[None]]


def with_sockets(story: Story) -> None:
    async def run() -> None:
        quiet = logging.getLogger("quiet-bolt")
        quiet.setLevel(logging.CRITICAL)
        with FakeSlack() as slack:
            slack.timing.socket_close_seconds = 0.2
            client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
            app = AsyncApp(client=client, logger=quiet)
            handler = AsyncSocketModeHandler(app, slack.app_token, logger=quiet, ping_interval=0.5)
            await handler.connect_async()
            try:
                await story(slack, app, handler)
            finally:
                await handler.close_async()
                await asyncio.sleep(0.05)

    asyncio.run(run())


def kept_messages(app: AsyncApp) -> list[Json]:
    kept: list[Json] = []

    @app.event("message")
    async def keep(body: Json) -> None:
        kept.append(body)

    return kept


def test_events_come_over_the_socket_and_are_acknowledged() -> None:
    async def story(slack: FakeSlack, app: AsyncApp, handler: AsyncSocketModeHandler) -> None:
        kept = kept_messages(app)
        sent = await slack.say(slack.add_user("ada"), slack.add_channel("help"), "Hi")
        assert [one["event"]["text"] for one in kept] == ["Hi"]
        assert sent.ok and [one.acked for one in slack.sockets.envelopes] == [True]

    with_sockets(story)


def test_commands_are_answered_in_the_acknowledgement() -> None:
    async def story(slack: FakeSlack, app: AsyncApp, handler: AsyncSocketModeHandler) -> None:
        @app.command("/frontdesk")
        async def answer(ack: Any, command: Json) -> None:
            await ack(f"You said {command['text']}")

        ada = slack.add_user("ada")
        await slack.command(ada, slack.add_channel("help", [ada]), "/frontdesk", "hello")
        assert [one["text"] for one in slack.ephemerals(ada)] == ["You said hello"]

    with_sockets(story)


def test_connections_are_replaced_when_slack_asks() -> None:
    async def story(slack: FakeSlack, app: AsyncApp, handler: AsyncSocketModeHandler) -> None:
        kept = kept_messages(app)
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        slack.refresh_sockets()
        await slack.until(lambda: len(slack.calls("apps.connections.open")) == 2)
        await slack.say(ada, channel, "After")
        assert [one["event"]["text"] for one in kept] == ["After"]

    with_sockets(story)


def test_the_app_comes_back_after_a_broken_connection() -> None:
    async def story(slack: FakeSlack, app: AsyncApp, handler: AsyncSocketModeHandler) -> None:
        kept = kept_messages(app)
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        slack.drop_sockets()
        await slack.until(lambda: not slack.sockets.connections)
        sent = await slack.say(ada, channel, "Still there?")
        assert sent.ok and len(kept) == 1

    with_sockets(story)


def test_what_is_not_acknowledged_comes_again() -> None:
    async def story(slack: FakeSlack, app: AsyncApp, handler: AsyncSocketModeHandler) -> None:
        attempts: list[Any] = []

        async def deaf_once(client: Any, request: Any) -> None:
            attempts.append((request.payload["event_id"], request.retry_attempt, request.retry_reason))
            if len(attempts) > 1:
                await handler.handle(client, request)

        kept = kept_messages(app)
        handler.client.socket_mode_request_listeners[:] = [deaf_once]
        slack.timing.ack_seconds = 0.2
        sent = await slack.say(slack.add_user("ada"), slack.add_channel("help"), "Hi")
        assert [one[1:] for one in attempts] == [(0, ""), (1, "timeout")]
        assert attempts[0][0] == attempts[1][0] and sent.ok and len(kept) == 1

    with_sockets(story)


def test_a_socket_needs_the_app_token() -> None:
    with FakeSlack() as slack:
        client = AsyncWebClient(base_url=slack.base_url)
        with pytest.raises(SlackApiError, match="not_allowed_token_type"):
            asyncio.run(client.apps_connections_open(app_token=slack.bot_token))
