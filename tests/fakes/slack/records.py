"""The record of what was sent to the app: deliveries, their attempts, and what the app answered."""

import asyncio
import json
from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

EVENTS, INTERACTIVE, COMMANDS = "events_api", "interactive", "slash_commands"


@dataclass
class Attempt:
    """One try. `status` is 0 when no HTTP answer (or no acknowledgement) came."""

    at: float
    status: int
    ms: float
    retry_num: int = 0
    reason: str = ""
    body: str = ""


@dataclass
class Forgery:
    """How a request differs from an honest one."""

    signing_secret: str | None = None
    age: float = 0.0
    """Seconds by which the timestamp is too old."""
    tamper: bool = False
    """Change the body after signing it."""
    team_id: str | None = None
    event_id: str | None = None
    retry_num: int = 0
    retry_reason: str = ""


@dataclass
class Delivery:
    """One event, interaction or command on its way to the app, and all that became of it."""

    kind: str
    payload: Json
    form: bool = False
    """Sent as a form (interactions, commands), not as JSON."""
    forgery: Forgery = field(default_factory=Forgery)
    attempts: list[Attempt] = field(default_factory=list)
    duplicate: bool = False
    done: "Future[Delivery]" = field(default_factory=Future, repr=False)

    @property
    def event_id(self) -> str | None:
        return self.payload.get("event_id")

    @property
    def event(self) -> Json:
        return dict(self.payload.get("event", {}))

    @property
    def status(self) -> int:
        return self.attempts[-1].status if self.attempts else 0

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def latency_ms(self) -> float:
        return self.attempts[-1].ms if self.attempts else 0.0

    @property
    def answer(self) -> Json:
        """What the app answered, when that was JSON."""
        body = self.attempts[-1].body if self.attempts else ""
        try:
            decoded = json.loads(body or "{}")
        except ValueError:
            return {}
        return decoded if isinstance(decoded, dict) else {}


class Sent:
    """What a person's doing set off. `wait()` in sync code, `await` in async code, or neither."""

    def __init__(self, deliveries: list[Delivery], message: Json | None = None) -> None:
        self.deliveries = deliveries
        self.message = message

    def __add__(self, other: "Sent") -> "Sent":
        return Sent(self.deliveries + other.deliveries, self.message or other.message)

    @property
    def ts(self) -> str:
        assert self.message is not None, "this made no message"
        return str(self.message["ts"])

    @property
    def answer(self) -> Json:
        """What the app answered to the last of the deliveries."""
        return self.deliveries[-1].answer if self.deliveries else {}

    @property
    def ok(self) -> bool:
        return all(delivery.ok for delivery in self.deliveries)

    def wait(self, seconds: float = 10.0) -> "Sent":
        """Block until all is delivered or given up. Not from the event loop that the app itself runs in."""
        for delivery in self.deliveries:
            delivery.done.result(seconds)
        return self

    def __await__(self) -> Generator[Any, None, "Sent"]:
        for delivery in self.deliveries:
            yield from asyncio.wrap_future(delivery.done).__await__()
        return self
