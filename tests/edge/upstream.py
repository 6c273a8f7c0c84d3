"""A stand-in for the gateway: records what reaches it, answers as the query asks, streams events when it is told to.

/chat/v1/x?status=503&seconds=2&bytes=9000   that status, after that long, with a body of that size
/chat/v1/events                              one event at once, another on every `send()`
"""

import json
import queue
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

END = ""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer", "Strict-Transport-Security": "max-age=1",
}  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """One request as it arrived: `target` is the request line's, `headers` are pairs with names in small letters."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given == name.lower()]


class Upstream(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Heard] = []
        self.streams: list[queue.Queue[str]] = []

    @property
    def port(self) -> int:
        return self.server_address[1]

    def heard(self, word: str) -> list[Heard]:
        """The requests whose target names this word."""
        return [request for request in self.requests if word in request.target]

    def send(self, event: str) -> None:
        for stream in self.streams:
            stream.put(event)

    def end_streams(self) -> None:
        self.send(END)
        self.streams.clear()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Upstream

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        self.server.requests.append(Heard(self.command, self.path, headers, body))
        if self.path.startswith("/chat/v1/events"):
            self._stream()
        else:
            self._reply({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815

    def _reply(self, asked: dict[str, str]) -> None:
        time.sleep(float(asked.get("seconds", 0)))
        status = int(asked.get("status", 200))
        body = json.dumps({"code": "of_the_gateway", "filling": "x" * int(asked.get("bytes", 0))}).encode()
        self.send_response(status)
        self._headers("application/json", **{"Content-Length": str(len(body))})
        if status == 429:
            self.send_header("Retry-After", "7")
        if "to" in asked:
            self.send_header("Location", asked["to"])
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self._headers("text/event-stream", Connection="close")
        self.end_headers()
        events: queue.Queue[str] = queue.Queue()
        self.server.streams.append(events)
        event = "hello"
        while event != END:
            self.wfile.write(f"data: {event}\n\n".encode())
            event = events.get(timeout=60)
        self.close_connection = True

    def _headers(self, kind: str, **more: str) -> None:
        for name, value in {**HEADERS, "Content-Type": kind, "Frontdesk-Turn-Id": "t-42", **more}.items():
            self.send_header(name, value)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError, queue.Empty):  # nginx has gone: its client did, or waited long enough
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def start() -> Upstream:
    upstream = Upstream()
    threading.Thread(target=upstream.serve_forever, args=(0.05,), daemon=True).start()
    return upstream
