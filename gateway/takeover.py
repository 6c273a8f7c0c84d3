"""A person talks to a customer instead of the assistant: who is told of it, and Rasa kept in step."""

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from prometheus_client import Gauge
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import FrontdeskError

if TYPE_CHECKING:
    from gateway.conversations import Conversations
    from gateway.rasa import RasaClient

log = logging.getLogger("frontdesk.gateway")

OUT_OF_STEP = Gauge("frontdesk_rasa_out_of_step", "Conversations that Rasa must still be told to pause or resume")
RASA_SECONDS = 3.0
AGAIN_SECONDS = 5.0


class Kind(StrEnum):
    JOINED = "joined"
    HEARD = "heard"  # the customer wrote to the person
    SAID = "said"  # the person wrote to the customer
    LEFT = "left"
    TAKEN_BACK = "taken_back"  # the person was silent for too long


@dataclass(frozen=True)
class Happening:
    """`card`: the review card in whose thread operators follow the talk, if there is one. `name`: the person's."""

    kind: Kind
    conversation: str
    channel: str
    name: str
    card: int | None
    text: str = ""


class Follower(Protocol):
    """Where a channel or the operators see what happens."""

    def write(self, connection: Connection, happening: Happening) -> None:
        """In the transaction of what happens: what is to be sent of it."""

    def wake(self) -> None:
        """The transaction is over."""


class Nobody:
    """Follows nothing: all that there is to see is in the history."""

    def write(self, connection: Connection, happening: Happening) -> None: ...

    def wake(self) -> None: ...


class RasaInStep:
    """Pauses in Rasa the conversations that a person is in, and resumes the others; tries again until it is so."""

    def __init__(self, conversations: "Conversations", rasa: "RasaClient") -> None:
        self._conversations, self._rasa = conversations, rasa
        self._bell = asyncio.Event()

    def look(self) -> None:
        """Somebody has joined or left."""
        self._bell.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._bell.clear()
            left = 0
            try:
                for conversation, paused in await self._conversations.out_of_step():
                    left += not await self._tell(conversation, paused)
            except SQLAlchemyError as error:
                log.error("who is with a person can't be read: %s", type(error).__name__)
            OUT_OF_STEP.set(left)
            try:
                async with asyncio.timeout(AGAIN_SECONDS):
                    await self._bell.wait()
            except TimeoutError:
                pass

    async def _tell(self, conversation: str, paused: bool) -> bool:
        try:
            await self._rasa.set_paused(conversation, paused, RASA_SECONDS)
        except FrontdeskError as error:
            log.warning("Rasa was not told that %s is %s: %s", conversation, "paused" if paused else "resumed", error)
            return False
        await self._conversations.rasa_knows(conversation, paused)
        return True
