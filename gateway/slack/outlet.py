"""How replies leave to Slack: as rows of the outbox, and the "is thinking" of the assistant pane."""

import asyncio
import logging
from collections.abc import Sequence

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from gateway.chat_models import Message
from gateway.outbox import Outbox, Send
from gateway.slack import blocks
from gateway.slack.address import CHANNEL, Address
from gateway.slack.sender import POST
from gateway.turns import Incoming

log = logging.getLogger("frontdesk.gateway")
THINKING = "is looking that up …"


def key_of(turn: str) -> str:
    """The outbox key of a turn's reply."""
    return f"reply:{turn}"


class SlackOutlet:
    def __init__(self, client: AsyncWebClient, outbox: Outbox) -> None:
        self._client, self._outbox = client, outbox
        self._under_way: set[asyncio.Task[None]] = set()

    def sends(self, conversation: str, message: Message, answered: Sequence[Incoming]) -> Sequence[Send]:
        address, turn = Address.of(conversation), message.turn_id or ""
        text, shown = blocks.reply(message)
        payload = {**address.place, "text": text, "blocks": shown, "unfurl_links": False, "unfurl_media": False}
        replaced = answered[0].replaces
        if replaced is not None:
            payload["replaces"] = key_of(replaced)
        return (Send(CHANNEL, address.line, key_of(turn), POST, payload),)

    def stored(self) -> None:
        self._outbox.wake()

    def thinking(self, conversation: str) -> None:
        """Only threads of direct messages can show it; the reply takes it away."""
        address = Address.of(conversation)
        if address.thread is None or not address.channel.startswith("D"):
            return
        task = asyncio.create_task(self._set_status(address.channel, address.thread))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _set_status(self, channel: str, thread: str) -> None:
        try:
            await self._client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread, status=THINKING)
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            log.debug("slack: no status: %s", type(error).__name__)
