"""Rasa's REST channel, where a turn is run once: `rasa_components.rest_channel.RestChannel:` in credentials.yml.

The gateway keeps each message in an inbox and, when it was killed before the answer came, sends it again with the same
`metadata.turn_id`. Here the second request waits for the first or gets its messages again; the dialogue moves on once.
Other differences to Rasa's channel: who hangs up doesn't stop the turn, and a body that is no message is a 400. All is
kept in the memory of one Rasa process: a restarted one, or a second one, knows nothing of it.

While a person is in a conversation the gateway pauses it here too. Rasa has that in its HTTP API only, which can also
replace the model; this channel can pause and nothing more.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from rasa.shared.core.events import ConversationPaused, ConversationResumed
from sanic import Blueprint, response
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from sanic.response import HTTPResponse

log = logging.getLogger(__name__)

KEPT_TURNS = 2_000
KEPT_SECONDS = 600.0

Messages = list[dict[str, Any]]
Handler = Callable[[UserMessage], Awaitable[Any]]
TurnKey = tuple[str, str]  # conversation and turn id


class RestChannel(RestInput):
    """Answers at /webhooks/rest/webhook, as Rasa's own does; all but the guard around the handler is Rasa's."""

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        blueprint = super().blueprint(Turns(on_new_message).once)
        blueprint.add_route(set_paused, "/conversations/<conversation:str>/paused", methods=["PUT"])
        return blueprint

    async def _extract_sender(self, req: Request) -> str:
        return _text(req, "sender")

    def _extract_message(self, req: Request) -> str:
        return _text(req, "message")


async def set_paused(request: Request, conversation: str) -> HTTPResponse:
    """`{"paused": true}`: from now on the dialogue hears nothing of this conversation; `false`: it does again."""
    body = request.json
    if not isinstance(body, dict) or not isinstance(body.get("paused"), bool):
        raise InvalidUsage("The body must be a JSON object in which paused is true or false.")
    agent = request.app.ctx.agent
    async with agent.lock_store.lock(conversation):
        tracker = await agent.processor.get_tracker(conversation)
        if tracker.is_paused() != body["paused"]:
            tracker.update(ConversationPaused() if body["paused"] else ConversationResumed())
            await agent.tracker_store.save(tracker)
    return response.json({"paused": body["paused"]})


class Turns:
    """A handler of messages that runs each turn once: those under way, and what was said in those that are over."""

    def __init__(self, handle: Handler, kept: int = KEPT_TURNS, seconds: float = KEPT_SECONDS) -> None:
        self._handle, self._kept, self._seconds = handle, kept, seconds
        self._running: dict[TurnKey, asyncio.Task[Messages]] = {}
        self._over: OrderedDict[TurnKey, tuple[float, Messages]] = OrderedDict()

    async def once(self, message: UserMessage) -> None:
        """Say on the channel of `message` what its turn says, whether that runs now, ran before or is under way."""
        key = _key(message)
        if key is None:
            await self._handle(message)
            return
        messages = self._recall(key)
        if messages is None:
            messages = await self._wait(key, message)
        for said in messages:
            await message.output_channel._persist_message(said)

    async def _wait(self, key: TurnKey, message: UserMessage) -> Messages:
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(self._run(key, message))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise  # Rasa stops
            log.warning("The client hung up; the turn goes on. turn=%s", key[1])
            return []  # Rasa's channel would log the text of the message

    async def _run(self, key: TurnKey, message: UserMessage) -> Messages:
        """What is said, kept for who asks again; a run that failed or said nothing is not, and may be repeated."""
        collector, own = CollectingOutputChannel(), copy.copy(message)
        own.output_channel = collector
        try:
            await self._handle(own)
            if collector.messages:
                self._keep(key, collector.messages)
        except Exception:  # nobody may be left to raise it to
            log.exception("The turn failed. turn=%s", key[1])
        finally:
            del self._running[key]
        return collector.messages

    def _recall(self, key: TurnKey) -> Messages | None:
        ended, messages = self._over.get(key, (float("-inf"), None))
        return messages if time.monotonic() - ended < self._seconds else None

    def _keep(self, key: TurnKey, messages: Messages) -> None:
        """Oldest first, so that what is too old or too much is at the front."""
        now = time.monotonic()
        self._over[key] = (now, messages)
        self._over.move_to_end(key)
        while len(self._over) > self._kept or now - next(iter(self._over.values()))[0] > self._seconds:
            self._over.popitem(last=False)


def _key(message: UserMessage) -> TurnKey | None:
    turn = message.metadata.get("turn_id") if isinstance(message.metadata, dict) else None
    return (message.sender_id, turn) if turn and isinstance(turn, str) else None


def _text(request: Request, name: str) -> str:
    """`request.json` refuses by itself what is no JSON."""
    body = request.json
    if not isinstance(body, dict) or not isinstance(body.get(name), str):
        raise InvalidUsage(f"The body must be a JSON object in which {name} is a text.")
    return str(body[name])
