"""The Slack app: what Slack sends, checked and routed by Bolt. Each listener has it stored before Slack is answered."""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any, Protocol

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import DataError

from contracts.errors import BadRequest, FrontdeskError, NotFound
from gateway.chat_models import Rating
from gateway.conversations import Conversations
from gateway.outbox import Outbox
from gateway.slack import blocks, phrases
from gateway.slack.address import Address
from gateway.slack.calls import CALL_ERRORS, cause_of, passes
from gateway.slack.guard import ReviewChannel
from gateway.slack.inbound import HEARD, Inbound
from gateway.slack.people import People

log = logging.getLogger("frontdesk.gateway")

Body = Mapping[str, Any]
# What our own code says of a field that is missing, of another kind, or from another release.
NONSENSE = (LookupError, TypeError, ValueError, AttributeError, OverflowError, BadRequest, DataError)
ASK_SLACK_SECONDS = 2.0  # it waits three for us
CHOICE = re.compile(r"^choose(_\d+)?$")
ANYTHING = re.compile(".*")
# What may change who reads a channel. Slack tells the last two as messages.
CHANGES = ("channel_shared", "channel_unshared", "group_archive", "group_unarchive", "group_deleted",
           "channel_convert_to_private", "channel_convert_to_public")  # fmt: skip
SHUT_OUT = ("tokens_revoked", "app_uninstalled")


class Health(Protocol):
    async def __call__(self) -> str:
        """How the assistant is, in a sentence."""


class SlackApp:
    """`team` is our workspace: what comes from another one is refused, as it should never have reached us."""

    def __init__(
        self, app: AsyncApp, inbound: Inbound, conversations: Conversations, outbox: Outbox, people: People, team: str,
        health: Health, review: ReviewChannel,
    ) -> None:  # fmt: skip
        self._review = review
        self._inbound, self._conversations, self._outbox = inbound, conversations, outbox
        self._people, self._team, self._health = people, team, health
        self.bolt = app
        app.use(self._only_our_workspace)
        app.error(self._failed)
        for kind in ("message", "app_mention"):
            app.event(kind)(self._message)
        app.event("app_home_opened")(self._home)
        app.event("assistant_thread_started")(self._assistant)
        for kind in CHANGES:
            app.event(kind)(self._channel_changed)
        for kind in SHUT_OUT:
            app.event(kind)(self._shut_out)
        app.event(ANYTHING)(self._ignored)
        app.action(CHOICE)(self._choose)
        app.action("open_form")(self._open_form)
        app.action("rate_up")(self._rate_up)
        app.action("rate_down")(self._rate_down)
        app.action("ask_person")(self._ask_person)
        app.action(ANYTHING)(self._stale)
        app.view("form")(self._form)
        app.view("reason")(self._reason)
        app.view(ANYTHING)(self._stale_view)
        app.command("/frontdesk")(self._command)

    async def _only_our_workspace(self, body: Body, next: Any) -> BoltResponse | None:
        team = body.get("team_id") or (body.get("team") or {}).get("id")
        if team != self._team:
            HEARD.labels("other_workspace").inc()
            log.warning("slack: something of another workspace was refused")
            return BoltResponse(status=403, body="This app serves another workspace.")
        await next()
        return None

    async def _failed(self, error: Exception, request: AsyncBoltRequest) -> BoltResponse:
        """What was not stored Slack is to send again; a command's failure is shown to who typed it. What makes no sense
        would make none the next time, nor will Slack then take what it refused: these are acknowledged, or Slack would
        take us for broken and stop its events."""
        log.error("slack: a request failed: %s", type(error).__name__)
        HEARD.labels("nonsense" if isinstance(error, NONSENSE) else "failed").inc()
        if "command" in request.body:
            return BoltResponse(status=200, body={"text": phrases.NOT_TAKEN_IN})
        refused = isinstance(error, SlackApiError) and not passes(error)
        if not (refused or isinstance(error, NONSENSE)):
            return BoltResponse(status=503, body="Not stored; please send it again.")
        view = request.body.get("view")
        blocks = view.get("blocks") if isinstance(view, dict) else None
        block = next((block["block_id"] for block in blocks or () if block.get("type") == "input"), None)
        if request.body.get("type") == "view_submission" and block is not None:
            return BoltResponse(status=200, body={"response_action": "errors", "errors": {block: phrases.STALE}})
        return BoltResponse(status=200, body="")

    # --- events

    async def _message(self, event: Body) -> None:
        if event.get("subtype") in CHANGES:
            await self._channel_changed(event)
        else:
            await self._inbound.message(self._team, event)

    async def _ignored(self) -> None:
        HEARD.labels("ignored").inc()

    async def _shut_out(self, event: Body) -> None:
        log.error("slack: %s. Look with: frontdesk doctor slack", event["type"].replace("_", " "))
        HEARD.labels("shut_out").inc()

    async def _channel_changed(self, event: Body) -> None:
        channel = event.get("channel")
        id = channel["id"] if isinstance(channel, dict) else str(channel)
        self._people.forget(id)
        self._review.forget(id)
        HEARD.labels("channel_changed").inc()

    async def _home(self, event: Body, client: AsyncWebClient) -> None:
        if event.get("tab") == "home":
            async with asyncio.timeout(ASK_SLACK_SECONDS):
                await client.views_publish(user_id=event["user"], view=blocks.home_view(await self._health()))

    async def _assistant(self, event: Body, client: AsyncWebClient) -> None:
        thread = event["assistant_thread"]
        async with asyncio.timeout(ASK_SLACK_SECONDS):
            await client.assistant_threads_setSuggestedPrompts(
                channel_id=thread["channel_id"], thread_ts=thread["thread_ts"], prompts=phrases.PROMPTS
            )

    # --- buttons

    async def _choose(self, ack: AsyncAck, body: Body, action: Body) -> None:
        value = action.get("value") or (action.get("selected_option") or {}).get("value", "")
        turn, _, number = value.rpartition(":")
        try:
            choice = (turn, int(number))
            await self._inbound.pressed(self._address(body), _key(body, action), choice, body["user"]["id"])
        except (FrontdeskError, ValueError) as refusal:
            await self._tell(body, action, str(refusal) if isinstance(refusal, FrontdeskError) else phrases.STALE)
        await ack()

    async def _ask_person(self, ack: AsyncAck, body: Body, action: Body) -> None:
        try:
            await self._inbound.wants_person(self._address(body), _key(body, action), body["user"]["id"])
        except FrontdeskError as refusal:
            await self._tell(body, action, str(refusal))
        await ack()

    async def _open_form(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        await ack()
        address = self._address(body)
        message = await self._conversations.reply_of(address.conversation, action["value"])
        if message is None or message.form is None:
            await self._tell(body, action, phrases.STALE)
            return
        private = f"{address.conversation} {message.turn_id}"
        await self._open_view(body, action, client, blocks.form_view(message.form, private))

    async def _form(self, ack: AsyncAck, body: Body, view: Body) -> None:
        conversation, turn = view["private_metadata"].split(" ")
        address, values = Address.of(conversation), blocks.values_of(view)
        message = await self._conversations.reply_of(conversation, turn)
        if message is None or message.form is None:
            await ack(response_action="errors", errors={next(iter(values)): phrases.STALE})
            return
        try:
            key, user = f"view.{view['id']}"[:64], body["user"]["id"]
            await self._inbound.filled_in(address, key, message.form.token, values, user)
        except FrontdeskError as refusal:
            await ack(response_action="errors", errors={next(iter(values)): str(refusal)})
            return
        await ack()

    async def _rate_up(self, ack: AsyncAck, body: Body, action: Body) -> None:
        rated = await self._rate(body, action, Rating(value="up"))
        await self._tell(body, action, phrases.THANKS if rated else phrases.STALE)
        await ack()

    async def _rate_down(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        """The thumb counts at once, also when no reason follows."""
        rated = await self._rate(body, action, Rating(value="down"))
        await ack()
        if not rated:
            await self._tell(body, action, phrases.STALE)
            return
        private = f"{self._address(body).conversation} {action['value']}"
        await self._open_view(body, action, client, blocks.reason_view(private))

    async def _rate(self, body: Body, action: Body, rating: Rating) -> bool:
        """False for what is no reply of this conversation."""
        try:
            await self._conversations.rate(self._address(body).conversation, action["value"], rating)
        except NotFound:
            return False
        return True

    async def _reason(self, ack: AsyncAck, view: Body) -> None:
        conversation, turn = view["private_metadata"].split(" ")
        values = blocks.values_of(view)
        rating = Rating.model_validate(
            {"value": "down", "reason": values["reason"], "comment": values["comment"] or None}
        )
        await self._conversations.rate(conversation, turn, rating)
        await ack()

    async def _open_view(self, body: Body, action: Body, client: AsyncWebClient, view: blocks.Block) -> None:
        """Slack allows it for three seconds after the press."""
        try:
            async with asyncio.timeout(ASK_SLACK_SECONDS):
                await client.views_open(trigger_id=body["trigger_id"], view=view)
        except CALL_ERRORS as error:
            log.warning("slack: a window could not be opened: %s", cause_of(error))
            await self._tell(body, action, phrases.NOT_OPENED)

    async def _stale(self, ack: AsyncAck, body: Body, action: Body) -> None:
        """A button that this version doesn't know."""
        HEARD.labels("stale_button").inc()
        if "channel" in body:
            await self._tell(body, action, phrases.STALE)
        await ack()

    async def _stale_view(self, ack: AsyncAck, view: Body) -> None:
        HEARD.labels("stale_view").inc()
        block = next((block["block_id"] for block in view["blocks"] if block["type"] == "input"), None)
        await (ack(response_action="errors", errors={block: phrases.STALE}) if block else ack())

    # --- the command

    async def _command(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        said = (body.get("text") or "").strip()
        if said.lower() in ("", "help"):
            await ack(text=phrases.HELP)
        elif said.lower() == "status":
            await ack(text=await self._health())
        else:
            async with asyncio.timeout(ASK_SLACK_SECONDS):
                opened = await client.conversations_open(users=body["user_id"])
            channel = opened["channel"]["id"]
            await self._inbound.commanded(self._team, channel, body["user_id"], said, body["trigger_id"])
            await ack(text=phrases.ANSWERED_THERE.format(channel=channel))

    # --- shared

    async def _tell(self, body: Body, action: Body, text: str) -> None:
        await self._inbound.tell(self._address(body), f"tell:{_key(body, action)}", text, body["user"]["id"])

    def _address(self, body: Body) -> Address:
        """Where the message stands that holds the pressed button."""
        channel, message = body["channel"]["id"], body.get("message") or {}
        thread = message.get("thread_ts") or (None if channel.startswith("D") else body["container"]["message_ts"])
        return Address(self._team, channel, thread)


def _key(body: Body, action: Body) -> str:
    """The same press has the same key, however often Slack sends it."""
    return f"press.{action['action_ts']}.{body['user']['id']}"[:64]
