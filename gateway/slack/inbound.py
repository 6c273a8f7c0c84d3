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
from gateway.slack import phrases
from gateway.slack.address import CHANNEL, Address
from gateway.slack.early import EarlyReplies
from gateway.slack.people import People
from gateway.slack.sender import EPHEMERAL, POST
from gateway.slack.words import escaped, names_others, plain
from gateway.turns import Incoming, Turns

log = logging.getLogger("frontdesk.gateway")

HEARD = Counter("frontdesk_slack_events_total", "Slack events by what became of them", ["became"])
# Subtypes in which somebody says something; all others (joins, topics, bots …) are news of the channel.
SAID = frozenset({None, "file_share", "thread_broadcast", "me_message"})
EDIT_SECONDS = 60.0
NAME = "@Frontdesk"


class Inbound:
    """`team` is our workspace, `bot` the user id of our app in it."""

    def __init__(
        self, door: Door, turns: Turns, conversations: Conversations, outbox: Outbox, people: People, bot: str
    ) -> None:
        self._door, self._turns, self._conversations = door, turns, conversations
        self._outbox, self._people, self._bot = outbox, people, bot
        self._early = EarlyReplies()

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

    async def commanded(self, team: str, channel: str, user: str, said: str, trigger: str) -> None:
        """A question from the slash command, shown in the direct messages `channel` and answered there."""
        address, asked = Address(team, channel, None), escaped(plain(said, self._bot))
        payload = {**address.place, "text": phrases.ASKED.format(question=asked)}
        await self._outbox.put([Send(CHANNEL, address.line, f"asked:{trigger}"[:64], POST, payload)])
        event = {"channel": channel, "channel_type": "im", "user": user, "text": said, "type": "message"}
        await self.message(team, {**event, "ts": f"command.{trigger}"[:64]})

    async def _heard(self, team: str, event: Mapping[str, Any]) -> None:
        address, text = self._address(team, event), (event.get("text") or "")
        direct = event.get("channel_type") == "im"
        named = event.get("type") == "app_mention" or f"<@{self._bot}>" in text
        if not (direct or named) and not await self._goes_on(address, text):
            HEARD.labels("not_for_us").inc()
            if event.get("thread_ts"):
                self._early.keep(address.conversation, event)
            return
        await self._take_in(address, event, event["ts"])
        for reply in self._early.take(address.conversation):
            await self._heard(team, reply)

    async def _goes_on(self, address: Address, text: str) -> bool:
        """In a thread of ours, unless people talk to each other there."""
        return not names_others(text, self._bot) and await self._conversations.begun(address.conversation)

    async def _edited(self, team: str, event: Mapping[str, Any]) -> None:
        """A question that is mended within a minute is answered anew, in the place of the first answer."""
        new, old = event.get("message") or {}, event.get("previous_message") or {}
        edited = new.get("edited")
        if not edited or self._of_bot(new) or new.get("text") == old.get("text"):
            HEARD.labels("ignored").inc()  # an unfolded link, or our own
            return
        if float(edited["ts"]) - float(new["ts"]) > EDIT_SECONDS:
            HEARD.labels("edited_late").inc()
            return
        mended = {**new, "channel": event["channel"], "channel_type": event.get("channel_type")}
        address = self._address(team, mended)
        if await self._conversations.turn_of(address.conversation, new["ts"]) is None:
            await self._heard(team, mended)  # it was no question before, or comes before the one that it mends
        else:
            await self._take_in(address, mended, f"{new['ts']}.edited.{edited['ts']}", replaces=new["ts"])

    async def _take_in(self, address: Address, event: Mapping[str, Any], key: str, replaces: str | None = None) -> None:
        audience = await self._people.audience(event["user"], address.channel, event.get("channel_type", ""))
        text, file = (event.get("text") or ""), bool(event.get("files"))
        words = plain(text, self._bot)
        try:
            if not words and not file and self._bot in text:
                incoming = self._door.called(address.conversation, key, NAME, phrases.HELLO, audience)
            else:
                incoming = self._door.said(address.conversation, key, words, audience)
            await self._turns.take_in(incoming.replacing(replaces), durable=True)
            HEARD.labels("taken_in").inc()
        except FrontdeskError as refusal:
            HEARD.labels("refused").inc()
            # Slack shows what only one person sees in a thread only when there is a thread already.
            where = Address(address.team, address.channel, event.get("thread_ts"))
            said = phrases.NO_FILES if file and not words else str(refusal)
            await self.tell(where, f"refused:{address.channel}:{key}", said, event["user"])

    async def tell(self, address: Address, key: str, text: str, user: str) -> None:
        """A sentence of the gateway itself, seen by `user` alone."""
        payload = {**address.place, "user": user, "text": escaped(text)}
        await self._outbox.put([Send(CHANNEL, address.line, key, EPHEMERAL, payload)])

    async def pressed(self, address: Address, key: str, choice: tuple[str, int], user: str) -> None:
        """A quick reply: the turn that offered it and its number. Raises BadRequest for one that isn't there."""
        turn, number = choice
        message = await self._conversations.reply_of(address.conversation, turn)
        if message is None or number >= len(message.buttons):
            raise BadRequest(phrases.STALE)
        button, audience = message.buttons[number], await self._audience(address, user)
        await self.take_in(self._door.pressed(address.conversation, key, button.title, button.token, audience))

    async def filled_in(self, address: Address, key: str, token: str, values: Mapping[str, str], user: str) -> None:
        audience = await self._audience(address, user)
        await self.take_in(self._door.filled_in(address.conversation, key, token, values, audience))

    async def wants_person(self, address: Address, key: str, user: str) -> None:
        audience = await self._audience(address, user)
        await self.take_in(self._door.wants_person(address.conversation, key, audience))

    async def _audience(self, address: Address, user: str) -> Audience:
        """For whoever presses something there."""
        return await self._people.audience(user, address.channel, "im" if address.channel.startswith("D") else "")

    def _address(self, team: str, event: Mapping[str, Any]) -> Address:
        """In a channel what isn't in a thread begins one; a direct message needn't."""
        thread = event.get("thread_ts") or (None if event.get("channel_type") == "im" else event["ts"])
        return Address(team, event["channel"], thread)

    def _of_bot(self, event: Mapping[str, Any]) -> bool:
        return bool(event.get("bot_id")) or event.get("user") in (None, self._bot, "USLACKBOT")
