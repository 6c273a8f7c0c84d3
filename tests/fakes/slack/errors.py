"""A refusal of the Web API: `{"ok": false, "error": name, ...}`."""

from typing import Any


class SlackError(Exception):
    """Raised by a method; the server answers it with HTTP 200, as Slack does."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    @property
    def answer(self) -> dict[str, Any]:
        return {"ok": False, "error": self.error, **self.extra}


def invalid_arguments(*messages: str) -> SlackError:
    """What Slack says of a missing or malformed argument, the reasons under `response_metadata`."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in messages]})
