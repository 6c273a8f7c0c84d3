"""Where a conversation stands in Slack, and its id with us."""

from dataclasses import dataclass

CHANNEL = "slack"
DIRECT = "direct"


@dataclass(frozen=True)
class Address:
    """One thread is one conversation. `thread` is None for what is said in a direct message outside any thread."""

    team: str
    channel: str
    thread: str | None

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
