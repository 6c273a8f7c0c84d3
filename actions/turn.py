"""What an action knows of the turn it works in, read from the tracker; and the base of all our actions."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.settings import settings
from contracts.errors import DeadlinePassed, FrontdeskError
from contracts.wire import DEADLINE_HEADER, TURN_HEADER, Audience

log = logging.getLogger("frontdesk.actions")

Events = list[dict[str, Any]]
UNKNOWN = "none"
SECONDS_TO_REPLY = 0.3  # kept back, so that our own sentence still reaches the gateway in time
APOLOGY = (
    "Something on our side didn't work just now, so I can't answer that. "
    "Please try again in a minute, or say “open a ticket” and a person will look into it."
)
TOO_SLOW = (
    "Finding an answer is taking too long right now. "
    "Please try again in a minute, or say “open a ticket” and a person will look into it."
)


@dataclass(frozen=True)
class Turn:
    """The gateway sends id, deadline and audience as metadata of the message; without an id it is `none`.

    `ends`: a `time.monotonic()` value.
    """

    id: str
    ends: float
    audience: Audience

    @classmethod
    def of(cls, tracker: Tracker) -> "Turn":
        metadata = (tracker.latest_message or {}).get("metadata")
        if not isinstance(metadata, dict):  # another client of Rasa's channel may send anything
            metadata = {}
        seconds, audience, given = settings().turn_seconds, metadata.get("audience"), metadata.get("turn_id")
        if isinstance(metadata.get("deadline_at"), (int, float)):
            seconds = metadata["deadline_at"] - time.time()
        return cls(
            id=given if isinstance(given, str) and given else UNKNOWN,
            ends=time.monotonic() + seconds,
            audience=Audience(audience) if audience in set(Audience) else Audience.PUBLIC,
        )

    @property
    def known_id(self) -> str | None:
        """What identifies this turn in the database; None when nobody said."""
        return None if self.id == UNKNOWN else self.id

    @property
    def seconds_left(self) -> float:
        return self.ends - time.monotonic() - SECONDS_TO_REPLY

    def headers(self, kept_back: float = 0.0) -> dict[str, str]:
        """To send with every request made for this turn; `kept_back`: seconds that we need ourselves after it.

        Raises DeadlinePassed when there is no time for a request.
        """
        seconds = self.seconds_left - kept_back
        if seconds <= 0:
            raise DeadlinePassed("The time of this turn is over.")
        return {TURN_HEADER: self.id, DEADLINE_HEADER: str(int(seconds * 1000))}


def text_slot(tracker: Tracker, name: str) -> str | None:
    """The text of a slot. Rasa makes a list of two e-mail addresses in one message: then the first."""
    value = tracker.get_slot(name)
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else str(value)


class CarefulAction(Action, ABC):  # type: ignore[misc]
    """An action that always says something: Rasa would swallow its failure and leave the customer in silence."""

    @abstractmethod
    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        """Speak through the dispatcher, return the events."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        try:
            if turn.seconds_left <= 0:  # the customer was told so by now; a ticket opened later would be a riddle
                raise DeadlinePassed("The time of this turn is over.")
            async with asyncio.timeout(turn.seconds_left):
                return await self.work(dispatcher, tracker, turn)
        except (TimeoutError, DeadlinePassed):
            log.warning("%s ran out of time turn=%s", self.name(), turn.id)
            self._apologise(dispatcher, TOO_SLOW, "deadline_passed")
        except FrontdeskError as error:
            log.warning("%s: %s turn=%s", self.name(), error, turn.id)
            self._apologise(dispatcher, APOLOGY, error.code)
        except Exception:
            log.exception("%s failed turn=%s", self.name(), turn.id)
            self._apologise(dispatcher, APOLOGY, "internal")
        return []

    @staticmethod
    def _apologise(dispatcher: CollectingDispatcher, text: str, status: str) -> None:
        dispatcher.messages.clear()
        dispatcher.utter_message(text=text, json_message={"status": status})
