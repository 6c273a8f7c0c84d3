"""Time as the fake tells it: the real clock, which a test can push forward to let things expire."""

import threading
import time
from dataclasses import dataclass


@dataclass
class Timing:
    """Slack's own deadlines, in seconds. A test shortens those it would have to wait for."""

    ack_seconds: float = 3.0
    """How long the app has to answer a delivery."""
    retry_after: tuple[float, ...] = (0.0, 60.0, 300.0)
    """The wait before each retry of an event."""
    retry_scale: float = 0.001
    """What the waits above are multiplied by; 1.0 is Slack's real pace."""
    trigger_seconds: float = 3.0
    response_url_seconds: float = 1800.0
    response_url_uses: int = 5
    stream_seconds: float = 300.0
    """After this long without news a stream is closed by Slack."""
    socket_close_seconds: float = 2.0
    """Between the `disconnect` message and the closing of the socket."""


class Clock:
    """Seconds since 1970, and message timestamps that only ascend."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead = 0.0
        self._last_micros = 0

    def now(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let triggers, response_urls and streams age without waiting."""
        self._ahead += seconds

    def ts(self) -> str:
        """A unique message timestamp such as `1760000000.123456`."""
        with self._lock:
            self._last_micros = max(int(self.now() * 1_000_000), self._last_micros + 1)
            return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"
