"""A customer of the chat API: a session of its own, and the events as they come."""

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx


@dataclass(frozen=True)
class Seen:
    """An event as a listener got it; `at` is a `time.monotonic()` value."""

    kind: str
    data: dict[str, Any]
    id: int | None
    at: float


class Customer:
    """Talks to `/chat/v1` with a bearer token."""

    def __init__(self, address: str, token: str | None = None, **session: Any) -> None:
        self.http = httpx.Client(base_url=f"{address}/chat/v1", timeout=30, trust_env=False)
        if token:
            self.http.headers["Authorization"] = f"Bearer {token}"
        self.session = self.http.post("/session", json={"transport": "bearer", **session}).raise_for_status().json()
        self.token = self.session["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.http.close()

    def post(self, text: str = "", wait: bool = False, **more: Any) -> httpx.Response:
        headers = {"Prefer": "wait"} if wait else {}
        return self.http.post("/messages", json={"text": text, **more}, headers=headers)

    def ask(self, text: str = "", **more: Any) -> dict[str, Any]:
        """The reply, waited for."""
        response = self.post(text, wait=True, **more)
        assert response.status_code == 200, response.text
        reply: dict[str, Any] = response.json()
        return reply

    def history(self, **query: Any) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.http.get("/messages", params=query).raise_for_status().json()["messages"]
        return messages

    def listen(self, after: int | None = None) -> "Listener":
        return Listener(self, after)


class Listener:
    """Reads the events in a thread while the `with` block runs."""

    def __init__(self, customer: Customer, after: int | None) -> None:
        self._customer, self.seen = customer, list[Seen]()
        self._headers = {} if after is None else {"Last-Event-ID": str(after)}
        self._open, self.ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._client = httpx.Client(
            base_url=self._customer.http.base_url, headers=self._customer.http.headers, timeout=30, trust_env=False
        )
        self._thread.start()
        assert self._open.wait(5), "the stream did not open"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        connection = self._response.extensions["network_stream"].get_extra_info("socket")
        with suppress(OSError):  # a gateway that was killed has closed it
            connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._client.close()

    def _read(self) -> None:
        try:
            with self._client.stream("GET", "/events", headers=self._headers) as response:
                self._response = response
                fields: dict[str, str] = {}
                for line in response.iter_lines():
                    self._open.set()
                    name, _, value = line.partition(": ")
                    if line and name:
                        fields[name] = value
                    elif fields:
                        self._take(fields)
                        fields = {}
        except (httpx.HTTPError, httpx.StreamError, OSError):  # closed by the test, or by a gateway that was killed
            pass
        self.ended.set()

    def _take(self, fields: dict[str, str]) -> None:
        id = int(fields["id"]) if "id" in fields else None
        self.seen.append(Seen(fields["event"], json.loads(fields["data"]), id, time.monotonic()))

    def wait_for(self, kind: str, count: int = 1, seconds: float = 10) -> Seen:
        """The `count`-th event of this kind."""
        ends = time.monotonic() + seconds
        while True:
            found = [one for one in list(self.seen) if one.kind == kind]
            if len(found) >= count:
                return found[count - 1]
            assert time.monotonic() < ends, f"no {kind}; seen: {[one.kind for one in self.seen]}"
            time.sleep(0.01)

    def kinds(self) -> list[str]:
        return [one.kind for one in self.seen]
