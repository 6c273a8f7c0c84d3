"""The operators' desk in Slack: cards in the review channel, decisions by their buttons, the talk with a customer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection, insert
from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import FrontdeskError, Used
from contracts.tables import now
from contracts.wire import Audience, Source
from gateway.chat_models import PersonState
from gateway.conversations import Conversations
from gateway.events import Event, Events
from gateway.outbox import OUTBOX, Outbox, Send
from gateway.slack import cards, phrases
from gateway.slack.address import CHANNEL, Address
from gateway.slack.blocks import values_of
from gateway.slack.people import People
from gateway.slack.sender import POST
from gateway.slack.words import escaped
from gateway.turns import Turns
from review.cards import Card
from review.changes import Change
from review.queue import Reviews

log = logging.getLogger("frontdesk.gateway")

Body = Mapping[str, Any]
Decide = Callable[[int, str], Card]
DIGEST_HOUR = 8
SHOWN = {Change.OPENED, Change.EXTENDED, Change.CLAIMED, Change.RELEASED, Change.LAPSED, Change.DECIDED, Change.UNDONE}
URGED = {Change.TO_REMIND: phrases.REMINDER, Change.TO_ESCALATE: phrases.ESCALATION}


class CardWriter:
    """Told of every change in its own transaction: what Slack is to show of it is in the outbox or nothing happened."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    def __call__(self, connection: Connection, change: Change, changed: Sequence[Card]) -> None:
        for one in changed:
            for send in self._sends(change, one):
                connection.execute(insert(OUTBOX), send.row())

    def _sends(self, change: Change, one: Card) -> Sequence[Send]:
        line = f"card:{one.id}"
        if change in URGED:
            urged = {"channel": self._channel, "text": URGED[change].format(question=escaped(one.question[:200]))}
            return (Send(CHANNEL, line, f"{line}:{change}", POST, urged),)
        text, blocks = cards.card(one)
        payload: dict[str, Any] = {"channel": self._channel, "text": text, "blocks": blocks, "unfurl_links": False}
        if change is Change.OPENED:
            return (Send(CHANNEL, line, line, POST, payload),)
        again = Send(CHANNEL, line, f"{line}:{change}:{uuid4().hex}", POST, {**payload, "replaces": line})
        return (again,) if change in SHOWN else ()


class ReviewDesk:
    """`reviewers` are ids of user groups; empty means every full member of the workspace in the review channel."""

    def __init__(
        self,
        reviews: Reviews,
        conversations: Conversations,
        turns: Turns,
        events: Events,
        outbox: Outbox,
        people: People,
        channel: str,
        reviewers: Collection[str],
        corrected: Callable[[], Awaitable[None]],
    ) -> None:
        self._reviews, self._conversations, self._turns, self._events = reviews, conversations, turns, events
        self._outbox, self._people, self._channel = outbox, people, channel
        self._reviewers, self._corrected = frozenset(reviewers), corrected

    def listen(self, app: AsyncApp) -> None:
        app.action("review_approve")(self._deciding(self._reviews.approve))
        app.action("review_reject")(self._deciding(self._reviews.reject))
        app.action("review_needs_page")(self._deciding(self._reviews.needs_page))
        app.action("review_undo")(self._deciding(self._reviews.undo))
        app.action("review_correct")(self._correct)
        app.action("review_take_over")(self._take_over)
        app.action("review_write")(self._write)
        app.action("review_hand_back")(self._hand_back)
        app.view("review_correction")(self._correction)
        app.view_closed("review_correction")(self._not_corrected)
        app.view("review_message")(self._message)

    # --- decisions

    def _deciding(self, decide: Decide) -> Callable[..., Awaitable[None]]:
        async def decided(ack: AsyncAck, body: Body, action: Body) -> None:
            await ack()
            if await self._allowed(body):
                await self._try(body, lambda: decide(int(action["value"]), body["user"]["id"]))
                await self._corrected()  # an undo retires what a correction made

        return decided

    async def _correct(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        """Whoever opens the form has the card until it is saved, closed, or the claim lapses."""
        await ack()
        if not await self._allowed(body):
            return
        card = await self._try(body, lambda: self._reviews.claim(int(action["value"]), body["user"]["id"]))
        if card is not None:
            await client.views_open(trigger_id=body["trigger_id"], view=cards.correction_view(card))

    async def _correction(self, ack: AsyncAck, body: Body, view: Body) -> None:
        given, id, operator = values_of(view), int(view["private_metadata"]), body["user"]["id"]
        chosen, audience = {int(number) for number in given.get("sources", "").split()}, Audience(given["audience"])

        def write() -> Card:
            found = self._reviews.card(id)
            sources: list[Source] = [source for number, source in enumerate(found.sources) if number in chosen]
            return self._reviews.correct(
                id, operator, given["answer"], sources, question=given["question"], audience=audience
            )

        try:
            await asyncio.to_thread(write)
        except FrontdeskError as refusal:
            await ack(response_action="errors", errors={"answer": str(refusal)})
            return
        await ack()
        self._outbox.wake()
        await self._corrected()

    async def _not_corrected(self, ack: AsyncAck, body: Body, view: Body) -> None:
        await ack()
        try:
            await asyncio.to_thread(self._reviews.release, int(view["private_metadata"]), body["user"]["id"])
        except Used:
            return  # saved or taken meanwhile
        self._outbox.wake()

    # --- the talk with a customer

    async def _take_over(self, ack: AsyncAck, body: Body, action: Body) -> None:
        await ack()
        if not await self._allowed(body):
            return
        operator = body["user"]["id"]
        card = await self._try(body, lambda: self._reviews.take_over(int(action["value"]), operator))
        if card is None:
            return
        name = await self._people.name(operator)
        try:
            await self._conversations.join(card.conversation, name)
        except FrontdeskError as refusal:
            await self._tell(body, str(refusal))
            return
        self._events.publish(card.conversation, Event("person", PersonState(state="joined", name=name)))
        text, blocks = cards.desk(card)
        await self._in_thread(card, f"desk:{uuid4().hex}", text, blocks)

    async def _write(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        await ack()
        if await self._allowed(body):
            card = await asyncio.to_thread(self._reviews.card, int(action["value"]))
            await client.views_open(trigger_id=body["trigger_id"], view=cards.message_view(card))

    async def _message(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """To the customer, wherever they are; and into the thread, so that colleagues see what was said."""
        text = values_of(view)["text"].strip()
        card = await asyncio.to_thread(self._reviews.card, int(view["private_metadata"]))
        try:
            message = await self._conversations.say(card.conversation, text)
        except FrontdeskError as refusal:
            await ack(response_action="errors", errors={"text": str(refusal)})
            return
        await ack()
        self._events.publish(card.conversation, Event("reply", message, message.id))
        if card.channel == CHANNEL:
            address = Address.of(card.conversation)
            payload = {**address.place, "text": f"*{escaped(message.name or '')}*: {escaped(text)}"}
            await self._outbox.put([Send(CHANNEL, address.line, f"said:{message.id}", POST, payload)])
        shown = f"<@{body['user']['id']}> to the customer: {escaped(text)}"
        await self._in_thread(card, f"said:{message.id}:seen", shown)

    async def _hand_back(self, ack: AsyncAck, body: Body, action: Body) -> None:
        await ack()
        if not await self._allowed(body):
            return
        card = await asyncio.to_thread(self._reviews.card, int(action["value"]))
        try:
            name = await self._conversations.leave(card.conversation)
        except FrontdeskError as refusal:
            await self._tell(body, str(refusal))
            return
        self._events.publish(card.conversation, Event("person", PersonState(state="left", name=name)))
        await self._turns.recover()
        await self._in_thread(card, f"back:{uuid4().hex}", phrases.HANDED_BACK.format(user=body["user"]["id"]))

    # --- the worker

    async def run(self, seconds: float) -> None:
        """Look for what needs a card, remind, and say every morning how it stands; until cancelled."""
        digested = now().date()
        while True:
            try:
                await asyncio.to_thread(self._look)
                if now().date() > digested and now().hour >= DIGEST_HOUR:
                    digested = now().date()
                    await self._digest()
                self._outbox.wake()
            except SQLAlchemyError as error:
                log.error("the review queue can't be read: %s", type(error).__name__)
            except Exception:
                log.exception("the review queue stumbled")
            await asyncio.sleep(seconds)

    def _look(self) -> None:
        at = now()
        self._reviews.look(at)
        self._reviews.lapse(at)
        self._reviews.to_remind(at)
        self._reviews.to_escalate(at)

    async def _digest(self) -> None:
        day = (datetime.now(UTC) - timedelta(days=1)).date()
        found = await asyncio.to_thread(self._reviews.digest, day)
        text = phrases.DIGEST.format(
            day=f"{day:%-d %B}", opened=sum(found.opened.values()), decided=sum(found.decided.values()), open=found.open
        )
        payload = {"channel": self._channel, "text": text}
        await self._outbox.put([Send(CHANNEL, "digest", f"digest:{day}", POST, payload)])

    # --- shared

    async def _allowed(self, body: Body) -> bool:
        user = body["user"]["id"]
        in_channel = (body.get("channel") or {}).get("id") == self._channel
        if in_channel and await self._people.may(user, self._reviewers):
            return True
        log.warning("slack: a review button was pressed by somebody without the role")
        await self._tell(body, phrases.NOT_ALLOWED)
        return False

    async def _try(self, body: Body, change: Callable[[], Card]) -> Card | None:
        """In a thread, since the store waits; a refusal is told to who pressed."""
        try:
            card = await asyncio.to_thread(change)
        except FrontdeskError as refusal:
            await self._tell(body, str(refusal))
            return None
        self._outbox.wake()
        return card

    async def _tell(self, body: Body, text: str) -> None:
        user, channel = body["user"]["id"], (body.get("channel") or {}).get("id", self._channel)
        payload = {"channel": channel, "user": user, "text": escaped(text)}
        await self._outbox.put([Send(CHANNEL, f"tell:{user}", f"tell:{uuid4().hex}", "chat.postEphemeral", payload)])

    async def _in_thread(self, card: Card, key: str, text: str, blocks: list[dict[str, Any]] | None = None) -> None:
        shown = await self._outbox.result_of(f"card:{card.id}")
        thread = {"thread_ts": shown["ts"]} if shown else {}
        payload = {"channel": self._channel, "text": text, **thread, **({"blocks": blocks} if blocks else {})}
        await self._outbox.put([Send(CHANNEL, f"card:{card.id}", key, POST, payload)])


async def open_to_too_many(client: AsyncWebClient, channel: str) -> str | None:
    """Why cards must not be posted there: strangers could read them. None when all is well."""
    try:
        about = (await client.conversations_info(channel=channel))["channel"]
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        return f"the review channel can't be looked at ({type(error).__name__})"
    if about.get("is_ext_shared") or about.get("is_pending_ext_shared"):
        return "the review channel is shared with another company"
    return None if about.get("is_private") else "the review channel is public"
