"""Everything that takes nginx its time-outs to end, begun at once, so that it passes while the other tests run."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from gateway.settings import Settings

if TYPE_CHECKING:
    from tests.edge.conftest import Edge

GATEWAY_SECONDS = 15
TURN_SECONDS = Settings.model_fields["turn_seconds"].default
POST = b"POST /chat/v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
Timed = tuple[float, bytes]
Slow = dict[str, Future[Timed]]


def begin(edge: "Edge", pool: ThreadPoolExecutor) -> Slow:
    """Each future gives the seconds it took and what came back."""
    return {
        "no head": pool.submit(stall, edge, b""),
        "dripping head": pool.submit(drip, edge, b"GET /chat/v1/session HTTP/1.1\r\nHost: a\r\nX-Slow: "),
        "no body": pool.submit(stall, edge, POST + b"half"),
        "within the deadline": pool.submit(ask, edge, "/chat/v1/session", TURN_SECONDS + 1),
        "after the deadline": pool.submit(ask, edge, "/chat/v1/session", GATEWAY_SECONDS + 3),
        "in line": pool.submit(ask, edge, "/chat/v1/messages", GATEWAY_SECONDS + 1),
    }


def drip(edge: "Edge", head: bytes) -> Timed:
    """Send a byte a second until nginx has enough of it: seconds, and what it said."""
    began = time.monotonic()
    with edge.connect() as connection:
        connection.settimeout(1)
        connection.sendall(head)
        while time.monotonic() - began < 30:
            try:
                return time.monotonic() - began, connection.recv(65_536)
            except TimeoutError:
                connection.sendall(b"X")
            except ConnectionError:
                return time.monotonic() - began, b""
    raise AssertionError("never closed")


def stall(edge: "Edge", head: bytes) -> Timed:
    """Send this and nothing more."""
    began = time.monotonic()
    reply = edge.raw(head)
    return time.monotonic() - began, reply


def ask(edge: "Edge", path: str, seconds: float) -> Timed:
    began = time.monotonic()
    with edge.client() as client:
        response = client.get(path, params={"seconds": seconds})
    return time.monotonic() - began, f"{response.status_code} ".encode() + response.content
