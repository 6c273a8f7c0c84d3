"""A small HTTP server that plays Rasa's REST channel in all its moods, on a port of its own."""

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Mood = Callable[["RestChannel"], None]


class RestChannel(BaseHTTPRequestHandler):
    """One request. A mood says what becomes of it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes; without it each answer waits 40 ms
    server: "FakeRasa"

    def do_GET(self) -> None:
        self.send(200, b"Hello from Rasa: 3.6.21")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.hear(body)
        mood = self.server.moods.get(body["message"], says("Choose Versions, then Restore."))
        try:
            mood(self)
        except OSError:  # the gateway gave up, which is what some tests are about
            self.close_connection = True
        finally:
            self.server.done(body)

    def do_PUT(self) -> None:
        """Pausing a conversation; see rasa_components/rest_channel.py."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = re.fullmatch(r"/webhooks/rest/conversations/([^/]+)/paused", self.path)
        if found is None or self.server.deaf:
            self.send(503, b"")
            return
        self.server.pauses.append((found[1], body["paused"]))
        self.send(200, json.dumps(body).encode())

    def send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class FakeRasa(ThreadingHTTPServer):
    """`moods` by text of the message; `heard` are the bodies in order; `most` the most at once per conversation;
    `pauses` who was paused (or not) in order, which a `deaf` one refuses."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RestChannel)
        self.moods: dict[str, Mood] = {}
        self.heard: list[dict[str, Any]] = []
        self.most: dict[str, int] = {}
        self.pauses: list[tuple[str, bool]] = []
        self.deaf = False
        self._running: dict[str, int] = {}
        self._lock = threading.Lock()
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def hear(self, body: dict[str, Any]) -> None:
        with self._lock:
            self.heard.append(body)
            sender = body["sender"]
            self._running[sender] = self._running.get(sender, 0) + 1
            self.most[sender] = max(self.most.get(sender, 0), self._running[sender])

    def done(self, body: dict[str, Any]) -> None:
        with self._lock:
            self._running[body["sender"]] -= 1

    def heard_text(self, text: str) -> list[dict[str, Any]]:
        return [body for body in self.heard if body["message"] == text]

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


def gives(body: object, status: int = 200) -> Mood:
    """`body` as JSON, or as it is when it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda channel: channel.send(status, raw)


def says(*texts: str, custom: dict[str, Any] | None = None) -> Mood:
    """What Rasa's channel gives for one message per text, and one with custom fields."""
    messages: list[dict[str, Any]] = [{"recipient_id": "x", "text": text} for text in texts]
    return gives([*messages, {"recipient_id": "x", "custom": custom}] if custom else messages)


def waits(seconds: float, then: Mood) -> Mood:
    def mood(channel: RestChannel) -> None:
        time.sleep(seconds)
        then(channel)

    return mood


def drips(seconds: float, body: bytes = b'[{"text": "hello"}]') -> Mood:
    """A valid answer, a byte every now and then, `seconds` in all."""

    def mood(channel: RestChannel) -> None:
        channel.send_response(200)
        channel.send_header("Content-Length", str(len(body)))
        channel.end_headers()
        for byte in body:
            channel.wfile.write(bytes([byte]))
            channel.wfile.flush()
            time.sleep(seconds / len(body))

    return mood


def cuts(sent: bytes = b"") -> Mood:
    """Hang up after `sent`."""

    def mood(channel: RestChannel) -> None:
        channel.wfile.write(sent)
        channel.close_connection = True

    return mood
