"""Asking a neighbour: whatever it answers on the wire, the caller gets the answer or an error of the tree, in time."""

import asyncio
import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.client import ask, new_client
from contracts.errors import BadRequest, Busy, DeadlinePassed, FrontdeskError, NeighbourDown, NeighbourLied
from contracts.wire import DEADLINE_HEADER, TURN_HEADER, Wire

GOOD = b'{"message": "hello"}'
Neighbour = Callable[..., str]


def reply(status: str, body: bytes = b"{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    """`neighbour(pieces…, pause=s)` listens on a free port and sends these bytes to whoever asks, then hangs up."""
    servers: list[socketserver.ThreadingTCPServer] = []

    def listen(*pieces: bytes, pause: float = 0.0, heard: list[bytes] | None = None) -> str:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                request = self.request.recv(65_536)
                if b"\r\n\r\n" in request and request.endswith(b"\r\n\r\n"):
                    request += self.request.recv(65_536)
                if heard is not None:
                    heard.append(request)
                for piece in pieces:
                    time.sleep(pause)
                    try:
                        self.request.sendall(piece)
                    except OSError:  # the client gave up, which is what some tests are about
                        return

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield listen
    for server in servers:
        server.shutdown()
        server.server_close()


class Words(Wire):
    message: str


def ask_hello(address: str, **headers: Any) -> Words:
    async def run() -> Words:
        async with new_client(address) as client:
            return await ask(client, "The neighbour", "/hello", Words(message="hi"), Words, headers)

    return asyncio.run(run())


def test_a_good_answer_is_read(neighbour: Neighbour) -> None:
    assert ask_hello(neighbour(reply("200 OK", GOOD))) == Words(message="hello")


def test_the_turn_and_its_deadline_travel_along(neighbour: Neighbour) -> None:
    heard: list[bytes] = []
    ask_hello(neighbour(reply("200 OK", GOOD), heard=heard), **{TURN_HEADER: "turn-7", DEADLINE_HEADER: "1500"})
    head = heard[0].decode().lower()
    assert f"{TURN_HEADER}: turn-7".lower() in head
    assert f"{DEADLINE_HEADER}: 1500".lower() in head


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"{", b"[]", b"null", b'{"message": 3}', b'{"message": "x", "more": 1}', b"\xff\xfe", b"{}"],
)
def test_nonsense_with_status_200_is_a_lie(neighbour: Neighbour, body: bytes) -> None:
    with pytest.raises(NeighbourLied, match=r"The neighbour .*status 200"):
        ask_hello(neighbour(reply("200 OK", body)))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("500 Internal Server Error", NeighbourLied),
        ("502 Bad Gateway", NeighbourLied),
        ("302 Found", NeighbourLied),
        ("504 Gateway Timeout", DeadlinePassed),
        ("404 Not Found", BadRequest),
        ("422 Unprocessable Content", BadRequest),
    ],
)
def test_every_failing_status_is_an_error_of_the_tree(
    neighbour: Neighbour, status: str, error: type[FrontdeskError]
) -> None:
    with pytest.raises(error, match="The neighbour"):
        ask_hello(neighbour(reply(status, GOOD)))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 7", 7),
        ("X-None: 0", 1),
        ("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", 1),
        ("Retry-After: soon", 1),
    ],
)
def test_a_busy_neighbour_says_when_to_come_back(neighbour: Neighbour, header: str, seconds: int) -> None:
    with pytest.raises(Busy) as caught:
        ask_hello(neighbour(reply("503 Service Unavailable", b"{}", header)))
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", reply("200 OK", GOOD)[:-5], b"SSH-2.0-hello\r\n"]
)
def test_a_cut_connection_is_a_neighbour_down(neighbour: Neighbour, sent: bytes) -> None:
    with pytest.raises(NeighbourDown, match="The neighbour can't be reached"):
        ask_hello(neighbour(sent))


def test_a_closed_port_is_a_neighbour_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NeighbourDown):
        ask_hello(f"http://127.0.0.1:{port}")


def test_a_slow_neighbour_costs_no_more_than_the_deadline(neighbour: Neighbour) -> None:
    started = time.perf_counter()
    with pytest.raises(DeadlinePassed, match=r"within 0\.3 s"):
        ask_hello(neighbour(reply("200 OK", GOOD), pause=2), **{DEADLINE_HEADER: "300"})
    assert time.perf_counter() - started < 1.5


def test_an_answer_in_drops_costs_no_more_than_the_deadline(neighbour: Neighbour) -> None:
    drops = [bytes([byte]) for byte in reply("200 OK", json.dumps({"message": "x" * 50}).encode())]
    started = time.perf_counter()
    with pytest.raises(DeadlinePassed):
        ask_hello(neighbour(*drops, pause=0.05), **{DEADLINE_HEADER: "400"})
    assert time.perf_counter() - started < 1.5


def test_no_time_left_is_a_deadline_passed(neighbour: Neighbour) -> None:
    with pytest.raises(DeadlinePassed):
        ask_hello(neighbour(reply("200 OK", GOOD)), **{DEADLINE_HEADER: "0"})
