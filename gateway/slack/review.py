"""The operators' desk in Slack: decisions by the buttons of a card, corrections, the talk with a customer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Connection, Engine

from contracts.errors import FrontdeskError, NotFound, Unavailable, Used
from contracts.tables import now
from contracts.wire import Audience, Source
from gateway.chat_models import PersonState
from gateway.conversations import Conversations
from gateway.events import Event, Events
from gateway.knowledge import KnowledgeClient
from gateway.message import tidy_text
from gateway.outbox import Outbox, Send
from gateway.slack import cards, phrases
from gateway.slack.address import CHANNEL
from gateway.slack.blocks import values_of
from gateway.slack.people import People
from gateway.slack.roles import Right, Roles
from gateway.slack.rounds import Rounds
from gateway.slack.words import escaped
from gateway.takeover import RasaInStep
from gateway.turns import Turns
from review.cards import Card, Kind
from review.corrections import NewAnswer
from review.gaps import CLOSED, close_gap, one_gap
from review.queue import Reviews

log = logging.getLogger("frontdesk.gateway")

Body = Mapping[str, Any]
Decide = Callable[[int, str], Card]
NAME_CHARS = 64
MOST_READ = 40  # messages; a window has 100 blocks
CALL_ERRORS = (SlackApiError, aiohttp.ClientError, TimeoutError)


class Decisions:
    """Approve, correct, reject, needs a page, undo; and the answers to gaps."""

    def __init__(
        self, engine: Engine, reviews: Reviews, rounds: Rounds, desk: "Desk", knowledge: KnowledgeClient
    ) -> None:
        self._engine, self._reviews, self._rounds = engine, reviews, rounds
        self._desk, self._knowledge = desk, knowledge

    def listen(self, app: AsyncApp) -> None:
        app.action("review_approve")(self._deciding(self._reviews.approve))
        app.action("review_reject")(self._deciding(self._reviews.reject))
        app.action("review_needs_page")(self._deciding(self._reviews.needs_page))
        app.action("review_undo")(self._undo)
        app.action("review_correct")(self._correct)
        app.view("review_correction")(self._correction)
        app.view_closed("review_correction")(self._not_corrected)
        app.options("sources")(self._suggest_sources)
        app.action("gap_answer")(self._answer_gap)
        app.action("gap_dismiss")(self._dismiss_gap)
        app.view("gap_answer")(self._gap_answer)

    def _deciding(self, decide: Decide) -> Callable[..., Awaitable[None]]:
        async def decided(ack: AsyncAck, body: Body, action: Body) -> None:
            await ack()
            if await self._desk.allowed(body, Right.REVIEW):
                await self._desk.change(body, lambda: decide(int(action["value"]), body["user"]["id"]))

        return decided

    async def _undo(self, ack: AsyncAck, body: Body, action: Body) -> None:
        """Also retires the answer that a correction made, and lets out whoever was let in."""
        await ack()
        if not await self._desk.allowed(body, Right.REVIEW):
            return
        id = int(action["value"])
        before = await asyncio.to_thread(self._reviews.card, id)
        if await self._desk.change(body, lambda: self._reviews.undo(id, body["user"]["id"])) is None:
            return
        if before.verdict is Kind.TAKE_OVER:
            await self._desk.let_out(before.conversation)
        await self._knowledge.corrected()

    async def _correct(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        """Whoever opens the form has the card until it is saved, closed, or the claim lapses."""
        await ack()
        if not await self._desk.allowed(body, Right.CORRECT):
            return
        id, operator = int(action["value"]), body["user"]["id"]
        card = await self._desk.change(body, lambda: self._reviews.claim(id, operator))
        if card is not None and not await self._desk.open_view(body, client, cards.correction_view(card)):
            await self._give_back(id, operator)

    async def _correction(self, ack: AsyncAck, body: Body, view: Body) -> None:
        given, id, operator = values_of(view), int(view["private_metadata"]), body["user"]["id"]
        refusal = await self._desk.refusal(body, Right.CORRECT)
        if refusal is not None:
            await ack(response_action="errors", errors={"answer": refusal})
            return
        audience = Audience(given["audience"])
        try:
            card = await asyncio.to_thread(self._reviews.card, id)
            sources = await self._chosen_sources(given["sources"], card.sources)
            await asyncio.to_thread(
                self._reviews.correct, id, operator, given["answer"], sources, given["question"], audience
            )
        except FrontdeskError as error:
            await ack(response_action="errors", errors={"answer": await self._desk.with_names(error)})
            return
        await ack()
        self._desk.wake()
        await self._knowledge.corrected()

    async def _not_corrected(self, ack: AsyncAck, body: Body, view: Body) -> None:
        await ack()
        await self._give_back(int(view["private_metadata"]), body["user"]["id"])

    async def _give_back(self, id: int, operator: str) -> None:
        try:
            await asyncio.to_thread(self._reviews.release, id, operator)
        except (Used, NotFound):
            return  # saved or taken meanwhile
        self._desk.wake()

    # --- sources

    async def _suggest_sources(self, ack: AsyncAck, body: Body) -> None:
        """While an operator types into the picker."""
        try:
            found = await self._knowledge.find_sources(body["value"])
        except FrontdeskError as error:
            log.warning("slack: no sources to choose from: %s", error)
            found = ()
        once = {source.id: source for source in found if len(source.id) <= cards.OPTION_VALUE_CHARS}
        await ack(options=[cards.source_option(source) for source in once.values()])

    async def _chosen_sources(self, ids: str, shown: Sequence[Source] = ()) -> list[Source]:
        """In the order chosen. Raises Unavailable when one that wasn't shown can't be looked up."""
        wanted, known = ids.split(), {source.id: source for source in shown}
        others = [id for id in wanted if id not in known]
        if others:
            try:
                known |= {source.id: source for source in await self._knowledge.sources(others)}
            except FrontdeskError as error:
                raise Unavailable(phrases.NO_SOURCES) from error
        return [known[id] for id in wanted if id in known]

    # --- gaps

    async def _answer_gap(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        await ack()
        if not await self._desk.allowed(body, Right.CORRECT):
            return
        try:
            gap = await asyncio.to_thread(one_gap, self._engine, action["value"])
        except NotFound as refusal:
            await self._desk.tell(body, str(refusal))
            return
        if gap.state == CLOSED:
            await self._rounds.show_gap(gap)
            await self._desk.tell(body, phrases.GAP_CLOSED)
            return
        await self._desk.open_view(body, client, cards.gap_view(gap))

    async def _gap_answer(self, ack: AsyncAck, body: Body, view: Body) -> None:
        given, id = values_of(view), view["private_metadata"]
        refusal = await self._desk.refusal(body, Right.CORRECT)
        try:
            if refusal is None:
                sources = await self._chosen_sources(given["sources"])
                answer = NewAnswer(
                    given["question"], given["answer"], Audience(given["audience"]), body["user"]["id"], sources
                )
                await asyncio.to_thread(close_gap, self._engine, id, now(), answer)
        except FrontdeskError as error:
            refusal = str(error)
        if refusal is not None:
            await ack(response_action="errors", errors={"answer": refusal})
            return
        await ack()
        await self._rounds.show_gap(await asyncio.to_thread(one_gap, self._engine, id))
        await self._knowledge.corrected()

    async def _dismiss_gap(self, ack: AsyncAck, body: Body, action: Body) -> None:
        await ack()
        if not await self._desk.allowed(body, Right.CORRECT):
            return
        try:
            await asyncio.to_thread(close_gap, self._engine, action["value"], now())
            await self._rounds.show_gap(await asyncio.to_thread(one_gap, self._engine, action["value"]))
        except FrontdeskError as refusal:
            await self._desk.tell(body, str(refusal))


class Talk:
    """A person takes a conversation over, writes to the customer, hands it back."""

    def __init__(
        self, reviews: Reviews, conversations: Conversations, events: Events, desk: "Desk", people: People
    ) -> None:
        self._reviews, self._conversations, self._events = reviews, conversations, events
        self._desk, self._people = desk, people

    def listen(self, app: AsyncApp) -> None:
        app.action("review_take_over")(self._take_over)
        app.action("review_read")(self._read)
        app.action("review_write")(self._write)
        app.action("review_hand_back")(self._hand_back)
        app.view("review_message")(self._message)

    async def _take_over(self, ack: AsyncAck, body: Body, action: Body) -> None:
        await ack()
        if not await self._desk.allowed(body, Right.TAKE_OVER):
            return
        operator = body["user"]["id"]
        name = (await self._people.name(operator))[:NAME_CHARS]

        def join(connection: Connection, card: Card) -> None:
            self._conversations.join_within(connection, card.conversation, name, card.id)

        card = await self._desk.change(body, lambda: self._reviews.take_over(int(action["value"]), operator, join))
        if card is not None:
            self._desk.let_in(card.conversation, name)

    async def _read(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        await ack()
        if await self._desk.allowed(body, Right.REVIEW):
            card = await self._desk.change(body, lambda: self._reviews.card(int(action["value"])))
            if card is not None:
                history = await self._conversations.history(card.conversation, None, MOST_READ)
                await self._desk.open_view(body, client, cards.conversation_view(history))

    async def _write(self, ack: AsyncAck, body: Body, action: Body, client: AsyncWebClient) -> None:
        await ack()
        if await self._desk.allowed(body, Right.TAKE_OVER):
            card = await asyncio.to_thread(self._reviews.card, int(action["value"]))
            await self._desk.open_view(body, client, cards.message_view(card))

    async def _message(self, ack: AsyncAck, body: Body, view: Body) -> None:
        """To the customer, wherever they are. Whoever was taken out for being silent is let in again."""
        text, operator = tidy_text(values_of(view)["text"]), body["user"]["id"]
        refusal = await self._desk.refusal(body, Right.TAKE_OVER)
        if refusal is None and not text:
            refusal = phrases.NOTHING_TO_SEND
        if refusal is None:
            try:
                card = await asyncio.to_thread(self._reviews.card, int(view["private_metadata"]))
                standing = await self._conversations.standing(card.conversation)
                if standing.person is None or standing.person.state != "joined":
                    name = (await self._people.name(operator))[:NAME_CHARS]
                    await self._conversations.join(card.conversation, name, card.id)
                    self._desk.let_in(card.conversation, name)
                message = await self._conversations.say(card.conversation, text)
            except FrontdeskError as error:
                refusal = str(error)
        if refusal is not None:
            await ack(response_action="errors", errors={"text": refusal})
            return
        await ack()
        self._events.publish(card.conversation, Event("reply", message, message.id))

    async def _hand_back(self, ack: AsyncAck, body: Body, action: Body) -> None:
        await ack()
        if not await self._desk.allowed(body, Right.TAKE_OVER):
            return
        card = await asyncio.to_thread(self._reviews.card, int(action["value"]))
        if not await self._desk.let_out(card.conversation):
            await self._desk.tell(body, phrases.NOBODY_THERE)


class Desk:
    """What decisions and talk have in common: who may, telling whoever pressed, letting people in and out."""

    def __init__(
        self,
        roles: Roles,
        people: People,
        outbox: Outbox,
        conversations: Conversations,
        events: Events,
        turns: Turns,
        in_step: RasaInStep,
        channel: str,
    ) -> None:
        self._roles, self._people, self._outbox, self._channel = roles, people, outbox, channel
        self._conversations, self._events, self._turns, self._in_step = conversations, events, turns, in_step

    def wake(self) -> None:
        self._outbox.wake()

    async def allowed(self, body: Body, right: Right) -> bool:
        refusal = await self.refusal(body, right)
        if refusal is not None:
            await self.tell(body, refusal)
        return refusal is None

    async def refusal(self, body: Body, right: Right) -> str | None:
        return await self._roles.refusal(right, body)

    async def change(self, body: Body, work: Callable[[], Card]) -> Card | None:
        """In a thread, since the store waits; a refusal is told to who pressed."""
        try:
            card = await asyncio.to_thread(work)
        except FrontdeskError as refusal:
            await self.tell(body, await self.with_names(refusal))
            return None
        self.wake()
        return card

    async def with_names(self, refusal: FrontdeskError) -> str:
        """Who has a card is known by the id; people know each other by their names."""
        by = getattr(refusal, "by", None)
        return str(refusal) if by is None else str(refusal).replace(by, await self._people.name(by), 1)

    async def open_view(self, body: Body, client: AsyncWebClient, view: dict[str, Any]) -> bool:
        try:
            await client.views_open(trigger_id=body["trigger_id"], view=view)
        except CALL_ERRORS as error:
            log.warning("slack: a window was not opened: %s", type(error).__name__)
            await self.tell(body, phrases.NOT_OPENED)
            return False
        return True

    async def tell(self, body: Body, text: str) -> None:
        user, channel = body["user"]["id"], (body.get("channel") or {}).get("id", self._channel)
        payload = {"channel": channel, "user": user, "text": escaped(text)}
        await self._outbox.put([Send(CHANNEL, f"tell:{user}", f"tell:{uuid4().hex}", "chat.postEphemeral", payload)])

    def let_in(self, conversation: str, name: str) -> None:
        """Somebody has joined: the website shows it, Rasa pauses."""
        self._events.publish(conversation, Event("person", PersonState(state="joined", name=name)))
        self._in_step.look()
        self.wake()

    async def let_out(self, conversation: str) -> bool:
        """The assistant answers again, first of all what was left unanswered. False when nobody was there."""
        try:
            name = await self._conversations.leave(conversation)
        except NotFound:
            return False
        self._events.publish(conversation, Event("person", PersonState(state="left", name=name)))
        self._in_step.look()
        await self._turns.recover()
        return True
