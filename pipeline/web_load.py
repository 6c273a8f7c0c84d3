"""Locust file: each user asks one mixed question a second and goes to a new conversation after a few.

    locust --headless -f pipeline/web_load.py --users 20 --spawn-rate 20 --run-time 65s --host http://127.0.0.1:8080

The pace is fixed (an open loop up to one message a second and user), so a slow answer is not hidden by asking less.
`WEB_LOAD_OUT` gets every message with its time, and for every conversation how many replies each message really has.
"""

import itertools
import json
import os
import random
import time
import uuid
from pathlib import Path
from typing import Any

from locust import HttpUser, constant_throughput, events, task

ROOT = Path(__file__).resolve().parent.parent
TURNS_A_CONVERSATION = 5
COURTESIES = ("good morning to you!", "thanks a lot for that!", "I want to talk to a person.")
SECONDS = float(os.environ.get("WEB_LOAD_SECONDS", "60"))
OUT = Path(os.environ.get("WEB_LOAD_OUT", "web_load.json"))

MESSAGES: list[dict[str, Any]] = []
USERS: list[dict[str, Any]] = []
STARTED = time.monotonic()
NUMBERS = itertools.count()


def questions() -> list[str]:
    """The development questions that need no forerunner, and some small talk."""
    lines = (ROOT / "datasets" / "questions" / "development.jsonl").read_text(encoding="utf-8").splitlines()
    return [q["question"] for q in map(json.loads, lines) if not q.get("previous")] + list(COURTESIES) * 8


QUESTIONS = questions()


class Customer(HttpUser):
    wait_time = constant_throughput(1)

    def on_start(self) -> None:
        self.random, self.turns = random.Random(next(NUMBERS)), 0
        self.begin()

    def begin(self) -> None:
        self.client.headers.pop("Authorization", None)
        reply = self.client.post("/chat/v1/session", json={"transport": "bearer"}, name="session")
        self.client.headers["Authorization"] = f"Bearer {reply.json()['token']}"
        self.keys: list[str] = []

    @task
    def ask(self) -> None:
        if time.monotonic() - STARTED > SECONDS + 3:
            return
        if len(self.keys) == TURNS_A_CONVERSATION:
            self.check()
            self.begin()
        key = uuid.uuid4().hex
        self.keys.append(key)
        began = time.perf_counter()
        body = {"text": self.random.choice(QUESTIONS), "key": key}
        reply = self.client.post("/chat/v1/messages", json=body, headers={"Prefer": "wait"}, name="message")
        ms = (time.perf_counter() - began) * 1000
        said = reply.json() if reply.status_code == 200 else {}
        evidence = said.get("evidence") or {}
        MESSAGES.append(
            {"status": reply.status_code, "ms": ms, "turn": said.get("status", ""),
             "decision": evidence.get("decision", "other")}
        )  # fmt: skip

    def on_stop(self) -> None:
        self.check()

    def check(self) -> None:
        """How many replies stand behind each message in the history of this conversation."""
        history = self.client.get("/chat/v1/messages", name="history").json()["messages"]
        counts = dict.fromkeys(self.keys, 0)
        current = None
        for message in history:
            if message["author"] == "customer":
                current = message["key"]
            elif current in counts:
                counts[current] += 1
        USERS.append({"replies_per_message": list(counts.values())})


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def write(**_: Any) -> None:
    seconds = min(time.monotonic() - STARTED, SECONDS + 3)
    OUT.write_text(json.dumps({"seconds": seconds, "messages": MESSAGES, "users": USERS}))
