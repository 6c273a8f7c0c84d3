"""Small HTTP servers that play knowledge and generator, and the JSON that they and Rasa send."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What a path answers: status, headers and body. It may sleep first.
Answer = Callable[[Any], tuple[int, dict[str, str], bytes]]
MOMENT = "2026-05-27T09:00:00Z"


class _Handler(BaseHTTPRequestHandler):
    server: "Neighbour"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")
        self.server.heard.append((self.path, body, dict(self.headers)))
        status, headers, content = self.server.answers.get(self.path.split("/used")[0], gives({}, 202))(body)
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the action gave up, which is what some tests are about
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Neighbour(ThreadingHTTPServer):
    """`answers` by path; `heard`: path, body and headers of every request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer] = {}
        self.heard: list[tuple[str, Any, dict[str, str]]] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def bodies(self, path: str) -> list[Any]:
        return [body for heard, body, _ in self.heard if heard == path]

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


def gives(body: object, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _: (status, headers, raw)


def waits(seconds: float, then: Answer) -> Answer:
    def answer(body: Any) -> tuple[int, dict[str, str], bytes]:
        time.sleep(seconds)
        return then(body)

    return answer


def cuts() -> Answer:
    """Promise more than is sent, then hang up."""
    return lambda _: (200, {"Content-Length": "999"}, b'{"te')


def passage(number: int, kind: str = "page", score: float = 0.5, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{kind}:{number}", "kind": kind, "title": f"Page {number}", "heading": "", "url": f"https://help/{number}",
        "text": f"Fact number {number} — keep it word for word.\n  Even its blanks…", "source": kind, "score": score,
        "updated_at": MOMENT, "synced_at": MOMENT,
    } | changes  # fmt: skip


def found(*passages: dict[str, Any], reviewed: dict[str, Any] | None = None) -> Answer:
    """A search that joins a follow-up as the service does."""

    def answer(body: Any) -> tuple[int, dict[str, str], bytes]:
        question = " ".join(part for part in (body["previous_question"], body["question"]) if part)
        response = {
            "question": question, "passages": passages, "index_version": "k1", "embedding_model": "m", "took_ms": 1.5,
            "reviewed": reviewed,
        }  # fmt: skip
        return gives(response)(body)

    return answer


def drafts(text: str = "A supported draft.", **changes: Any) -> Answer:
    draft = {
        "text": text, "support": 1.0, "no_answer": 0.0, "passages": ["page:1"], "cited": ["page:1"],
        "model_version": "gpt2-test", "prompt_tokens": 50, "answer_tokens": 9, "first_token_ms": 20.0,
        "total_ms": 90.0, "stopped": "end",
    }  # fmt: skip
    return gives(draft | changes)


def call(action: str, text: str, sender: str, **more: Any) -> dict[str, Any]:
    """What Rasa 3.6 posts to `/webhook`. `more`: slots, intent, metadata, events, active_loop, domain."""
    return {
        "version": "3.6.21",
        "next_action": action,
        "sender_id": sender,
        "tracker": {
            "sender_id": sender,
            "slots": more.get("slots", {}),
            "latest_message": {
                "intent": {"name": more.get("intent", "ask_question"), "confidence": 0.98},
                "entities": [],
                "text": text,
                "metadata": more.get("metadata", {}),
            },
            "latest_event_time": time.time(),
            "followup_action": None,
            "paused": False,
            "events": more.get("events", [{"event": "action", "name": "action_listen", "timestamp": time.time()}]),
            "latest_input_channel": "rest",
            "active_loop": more.get("active_loop", {}),
            "latest_action_name": "action_listen",
        },
        "domain": more.get("domain"),
    }
