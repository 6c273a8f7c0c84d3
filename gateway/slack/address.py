"""Where a conversation stands in Slack, and its id with us."""

import re
from dataclasses import dataclass

CHANNEL = "slack"
DIRECT = "direct"
PART = re.compile(r"[A-Za-z0-9.]{1,18}")  # a conversation's id has room for three


@dataclass(frozen=True)
class Address:
    """One thread is one conversation. `thread` is None for what is said in a direct message outside any thread.

    Raises ValueError for what is no id of Slack's.
    """

    team: str
    channel: str
    thread: str | None

    def __post_init__(self) -> None:
        if not all(PART.fullmatch(part) for part in (self.team, self.channel, self.thread or DIRECT)):
            raise ValueError("This is no address in Slack.")

    @property
    def conversation(self) -> str:
        return f"{CHANNEL}-{self.team}-{self.channel}-{self.thread or DIRECT}"

    @property
    def line(self) -> str:
        """What keeps its order in the outbox."""
        return f"{self.channel}:{self.thread or DIRECT}"

    @property
    def place(self) -> dict[str, str]:
        """The arguments with which something is posted there."""
        return {"channel": self.channel, **({"thread_ts": self.thread} if self.thread else {})}

    @classmethod
    def of(cls, conversation: str) -> "Address":
        """Raises ValueError for a conversation of another channel."""
        kind, team, channel, thread = conversation.split("-")
        if kind != CHANNEL:
            raise ValueError(f"{conversation} is not in Slack")
        return cls(team, channel, None if thread == DIRECT else thread)
