"""What people write in Slack, on its way into the inbox. Every method has it stored when it returns."""

import logging
from collections.abc import Mapping
from typing import Any

from prometheus_client import Counter

from contracts.errors import BadRequest, FrontdeskError
from contracts.wire import Audience
from gateway.conversations import Conversations
from gateway.door import Door
from gateway.outbox import Outbox, Send
from gateway.slack.address import CHANNEL, Address
from gateway.slack.people import People
from gateway.slack.words import escaped, plain
from gateway.turns import Incoming, Turns

log = logging.getLogger("frontdesk.gateway")

HEARD = Counter("frontdesk_slack_events_total", "Slack events by what became of them", ["became"])
# Subtypes in which somebody says something; all others (joins, topics, bots …) are news of the channel.
SAID = frozenset({None, "file_share", "thread_broadcast", "me_message"})
EDIT_SECONDS = 60.0


class Inbound:
    """`team` is our workspace, `bot` the user id of our app in it."""

    def __init__(
        self, door: Door, turns: Turns, conversations: Conversations, outbox: Outbox, people: People, bot: str
    ) -> None:
        self._door, self._turns, self._conversations = door, turns, conversations
        self._outbox, self._people, self._bot = outbox, people, bot

    async def message(self, team: str, event: Mapping[str, Any]) -> None:
        """A `message` or an `app_mention`; Slack sends both of one text that mentions us."""
        if event.get("subtype") == "message_changed":
            await self._edited(team, event)
        elif event.get("subtype") in SAID and not self._of_bot(event):
            await self._heard(team, event)
        else:
            HEARD.labels("ignored").inc()

    async def take_in(self, incoming: Incoming) -> None:
        """Raises SQLAlchemyError when it could not be stored: then Slack must send it again."""
        await self._turns.take_in(incoming, durable=True)

    async def _heard(self, team: str, event: Mapping[str, Any]) -> None:
        address = self._address(team, event)
        direct = event.get("channel_type") == "im"
        named = event.get("type") == "app_mention" or f"<@{self._bot}>" in event.get("text", "")
        if not (direct or named or await self._conversations.begun(address.conversation)):
            HEARD.labels("not_for_us").inc()
            return
        await self._take_in(address, event, event["ts"])

    async def _edited(self, team: str, event: Mapping[str, Any]) -> None:
        """A question that is mended within a minute is answered anew, in the place of the first answer."""
        new, old = event.get("message") or {}, event.get("previous_message") or {}
        edited = new.get("edited")
        if not edited or self._of_bot(new) or new.get("text") == old.get("text"):
            HEARD.labels("ignored").inc()  # an unfolded link, or our own
            return
        address = self._address(team, {**new, "channel": event["channel"], "channel_type": event.get("channel_type")})
        if float(edited["ts"]) - float(new["ts"]) > EDIT_SECONDS:
            HEARD.labels("edited_late").inc()
            return
        turn = await self._conversations.turn_of(address.conversation, new["ts"])
        if turn is None:
            HEARD.labels("not_for_us").inc()
            return
        event = {**new, "channel": event["channel"], "channel_type": event.get("channel_type")}
        await self._take_in(address, event, f"{new['ts']}.edited.{edited['ts']}", replaces=turn or None)

    async def _take_in(self, address: Address, event: Mapping[str, Any], key: str, replaces: str | None = None) -> None:
        audience = await self._people.audience(event["user"], address.channel, event.get("channel_type", ""))
        words = plain(event.get("text", ""), self._bot)
        try:
            incoming = self._door.said(address.conversation, key, words, audience)
            await self._turns.take_in(incoming.replacing(replaces), durable=True)
            HEARD.labels("taken_in").inc()
        except FrontdeskError as refusal:
            HEARD.labels("refused").inc()
            await self.tell(address, f"refused:{address.channel}:{key}", str(refusal), event["user"])

    async def tell(self, address: Address, key: str, text: str, user: str) -> None:
        """A sentence of the gateway itself, seen by `user` alone."""
        payload = {**address.place, "user": user, "text": escaped(text)}
        await self._outbox.put([Send(CHANNEL, address.line, key, "chat.postEphemeral", payload)])

    async def pressed(self, address: Address, key: str, choice: tuple[str, int], user: str, kind: str) -> None:
        """A quick reply: the turn that offered it and its number. Raises BadRequest for one that isn't there."""
        turn, number = choice
        message = await self._conversations.reply_of(address.conversation, turn)
        if message is None or number >= len(message.buttons):
            raise BadRequest("This choice is from an earlier version and doesn't work any more. Please write instead.")
        button = message.buttons[number]
        audience = await self._people.audience(user, address.channel, kind)
        await self.take_in(self._door.pressed(address.conversation, key, button.title, button.token, audience))

    async def filled_in(
        self, address: Address, key: str, token: str, values: Mapping[str, str], audience: Audience
    ) -> None:
        await self.take_in(self._door.filled_in(address.conversation, key, token, values, audience))

    async def wants_person(self, address: Address, key: str) -> None:
        await self.take_in(self._door.wants_person(address.conversation, key))

    def _address(self, team: str, event: Mapping[str, Any]) -> Address:
        """In a channel what isn't in a thread begins one; a direct message needn't."""
        thread = event.get("thread_ts") or (None if event.get("channel_type") == "im" else event["ts"])
        return Address(team, event["channel"], thread)

    def _of_bot(self, event: Mapping[str, Any]) -> bool:
        return bool(event.get("bot_id")) or event.get("user") in (None, self._bot, "USLACKBOT")
