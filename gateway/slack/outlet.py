"""How replies leave to Slack: as rows of the outbox, and the "is looking that up" of a thread meanwhile.

A reply comes whole, so there is nothing to stream. While it takes long, Slack's own status is shown in the thread, and
not a message that is changed later: a changed message notifies nobody, and after a crash it would stay. Slack takes
the status away when the reply comes, and after two minutes by itself.
https://docs.slack.dev/reference/methods/assistant.threads.setStatus
"""

import asyncio
import logging
from collections.abc import Sequence

from slack_sdk.web.async_client import AsyncWebClient

from gateway.chat_models import Message
from gateway.outbox import Outbox, Send
from gateway.slack import blocks
from gateway.slack.address import CHANNEL, Address
from gateway.slack.calls import CALL_ERRORS, cause_of
from gateway.slack.sender import POST

log = logging.getLogger("frontdesk.gateway")
THINKING = "is looking that up …"
THINKING_AFTER_SECONDS = 0.3


def key_of(turn: str) -> str:
    """The outbox key of a turn's reply."""
    return f"reply:{turn}"


class SlackOutlet:
    def __init__(self, client: AsyncWebClient, outbox: Outbox) -> None:
        self._client, self._outbox = client, outbox
        self._thinking: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    def sends(self, conversation: str, message: Message, replaced: str | None) -> Sequence[Send]:
        self._thinking.discard(conversation)
        address, turn = Address.of(conversation), message.turn_id or ""
        text, shown = blocks.reply(message)
        payload = {**address.place, "text": text, "blocks": shown, "unfurl_links": False, "unfurl_media": False}
        if replaced is not None:
            payload["replaces"] = key_of(replaced)
        return (Send(CHANNEL, address.line, key_of(turn), POST, payload),)

    def stored(self) -> None:
        self._outbox.wake()

    def thinking(self, conversation: str) -> None:
        """Shown in threads, when the reply doesn't come at once."""
        address = Address.of(conversation)
        if address.thread is None:
            return
        self._thinking.add(conversation)
        task = asyncio.create_task(self._show_status(conversation, address.channel, address.thread))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _show_status(self, conversation: str, channel: str, thread: str) -> None:
        await asyncio.sleep(THINKING_AFTER_SECONDS)
        if conversation not in self._thinking:
            return
        await self._set_status(channel, thread, THINKING)
        if conversation not in self._thinking:  # the reply may have been there first
            await self._set_status(channel, thread, "")

    async def _set_status(self, channel: str, thread: str, status: str) -> None:
        try:
            await self._client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread, status=status)
        except CALL_ERRORS as error:
            log.debug("slack: no status: %s", cause_of(error))
