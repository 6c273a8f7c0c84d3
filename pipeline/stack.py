"""A Frontdesk to measure: one that runs, talked to as its users and processes do, or one of its own."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psutil

from contracts.errors import NeighbourDown
from contracts.wire import ChatReply, Draft, DraftPassage, DraftRequest, SearchRequest, SearchResponse
from knowledge.settings import ROOT

SECONDS = 30.0


@dataclass
class Stack:
    """Clients of the three processes that are measured; `ports` as `frontdesk status --json` gives them."""

    ports: Mapping[str, int]
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=SECONDS, trust_env=False))

    @classmethod
    def running(cls) -> "Stack":
        """The stack that `make up` started. Raises NeighbourDown when there is none."""
        command = [sys.executable, "-m", "frontdesk", "status", "--json"]
        state = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        if not state["states"]:
            raise NeighbourDown("Nothing is running. Start it with: make up")
        return cls(state["ports"])

    def url(self, process: str) -> str:
        return f"http://127.0.0.1:{self.ports[process]}"

    def ask(self, *messages: str) -> ChatReply:
        """One conversation of its own; returns the reply to the last message."""
        with httpx.Client(timeout=SECONDS, trust_env=False) as visitor:
            visitor.post(f"{self.url('gateway')}/chat/v1/session", json={})
            for message in messages:
                address = f"{self.url('gateway')}/chat/v1/messages"
                response = visitor.post(address, json={"text": message}, headers={"Prefer": "wait"})
                response.raise_for_status()
        return ChatReply.model_validate_json(response.content)

    def search(self, question: str, previous: str | None, k: int) -> SearchResponse:
        request = SearchRequest(question=question, previous_question=previous, k=k)
        response = self._http.post(f"{self.url('knowledge')}/search", json=request.model_dump(mode="json"))
        response.raise_for_status()
        return SearchResponse.model_validate_json(response.content)

    def draft(self, question: str, passages: tuple[DraftPassage, ...]) -> Draft:
        request = DraftRequest(question=question, passages=passages)
        response = self._http.post(f"{self.url('generator')}/draft", json=request.model_dump(mode="json"))
        response.raise_for_status()
        return Draft.model_validate_json(response.content)


@contextmanager
def fresh_stack(names: Sequence[str], settings: Mapping[str, str] | None = None) -> Iterator[dict[str, int]]:
    """These processes on free ports, data in a temporary folder; gives the ports, stops everything at the end.

    `settings`: environment variables beside or over the usual ones.
    """
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    with tempfile.TemporaryDirectory(prefix="fd-bench-") as var:
        environment = {**os.environ, "FRONTDESK_VAR": var}
        environment |= {f"{name.upper()}_PORT": str(port) for name, port in ports.items()}
        for name in ("DATABASE_URL", "TRACKER_URL"):
            environment.pop(name, None)
        environment |= settings or {}
        command = [sys.executable, "-m", "frontdesk"]
        try:
            subprocess.run([*command, "up"], cwd=ROOT, env=environment, check=True)
            yield ports
        finally:
            subprocess.run([*command, "down"], cwd=ROOT, env=environment, check=False, stdout=subprocess.DEVNULL)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def process_on(port: int) -> psutil.Process:
    listeners = {
        c.laddr.port: c.pid for c in psutil.net_connections("tcp") if c.laddr and c.status == psutil.CONN_LISTEN
    }
    return psutil.Process(listeners[port])
