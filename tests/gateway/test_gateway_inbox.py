"""The gateway is killed while it works: what was taken in is answered after the restart, in order, exactly once."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.gateway.chat import Customer
from tests.gateway.conftest import OPERATOR, SECRET, migrated
from tests.gateway.fake_rasa import FakeRasa, says, waits


class Process:
    """A gateway in a process of its own, so that it can be killed."""

    def __init__(self, rasa: FakeRasa, database_url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = int(listener.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.database = database_url.removeprefix("sqlite:///")
        self._environment = {
            **os.environ, "SESSION_SECRET": SECRET, "OPERATOR_TOKEN": OPERATOR, "RASA_URL": rasa.address,
            "DATABASE_URL": database_url, "TURN_SECONDS": "5",
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "gateway.api:app", "--port", str(self.port), "--log-level", "error"]
        self._process = subprocess.Popen(command, env=self._environment)
        ends = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{self.address}/health", timeout=1, trust_env=False)
                return
            except httpx.HTTPError:
                assert time.monotonic() < ends and self._process.poll() is None, "the gateway did not start"
                time.sleep(0.05)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


@pytest.fixture
def process(rasa: FakeRasa, tmp_path: Path) -> Iterator[Process]:
    running = Process(rasa, migrated(tmp_path))
    yield running
    running.kill()


def replies(customer: Customer, count: int, seconds: float = 10) -> list[str]:
    """Texts of the replies in the history once there are `count`, and a moment later."""
    ends = time.monotonic() + seconds
    while True:
        found = [message["text"] for message in customer.history() if message["author"] == "assistant"]
        if len(found) >= count:
            time.sleep(0.5)
            return [message["text"] for message in customer.history() if message["author"] == "assistant"]
        assert time.monotonic() < ends, f"only {found}"
        time.sleep(0.05)


def test_a_message_under_way_is_answered_after_a_kill_exactly_once(
    process: Process, rasa: FakeRasa, question: str
) -> None:
    rasa.moods[question] = waits(1.0, says("Choose Versions."))
    with Customer(process.address) as customer:
        assert customer.post(question).status_code == 202
        time.sleep(0.3)
        process.kill()
        process.start()
        assert replies(customer, 1) == ["Choose Versions."]
    assert len({body["metadata"]["turn_id"] for body in rasa.heard_text(question)}) == 1


def test_messages_in_line_are_answered_after_a_kill_in_their_order(
    process: Process, rasa: FakeRasa, question: str
) -> None:
    texts = [f"{question} number {i}?" for i in range(4)]
    for number, text in enumerate(texts):
        rasa.moods[text] = waits(0.4, says(f"Answer {number}."))
    with Customer(process.address) as customer:
        for text in texts:
            customer.post(text)
        time.sleep(0.6)
        process.kill()
        process.start()
        assert replies(customer, 4) == [f"Answer {number}." for number in range(4)]


def test_a_burst_that_a_kill_cut_is_still_answered_once(process: Process, rasa: FakeRasa) -> None:
    with Customer(process.address) as customer:
        customer.post("hello")
        customer.post("my laptop")
        process.kill()
        process.start()
        assert len(replies(customer, 1)) == 1
    assert rasa.heard[-1]["message"] == "hello my laptop"


def test_a_listener_that_comes_back_misses_nothing(process: Process, rasa: FakeRasa, question: str) -> None:
    rasa.moods[question] = waits(0.5, says("Here it is."))
    with Customer(process.address) as customer:
        taken = customer.post(question).json()["id"]
        process.kill()
        process.start()
        with customer.listen(after=taken) as events:
            assert events.wait_for("reply").data["text"] == "Here it is."
        time.sleep(0.3)
        assert events.kinds().count("reply") == 1


def test_the_token_is_good_after_a_restart(process: Process, question: str) -> None:
    with Customer(process.address) as customer:
        customer.ask(question)
        process.kill()
        process.start()
        assert len(customer.history()) == 2


def test_personal_data_waits_only_as_long_as_the_message(process: Process, question: str) -> None:
    with Customer(process.address) as customer:
        customer.ask(f"{question} for ann.lee@mail.example.com")
    with closing(sqlite3.connect(process.database)) as database:
        kept = database.execute("SELECT text, request, state FROM messages WHERE author = 'customer'").fetchall()
    assert kept == [(f"{question} for <email>", None, "done")]
