"""Talk to a running Frontdesk the way its users and processes do, for measuring."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

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
