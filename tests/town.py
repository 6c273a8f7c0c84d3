"""A whole Frontdesk of its own: real processes on free ports, data in a temporary folder, stopped at the end.

One for the whole run of pytest, whichever folders of tests ask for it. Its Slack is the one of `tests.fakes.slack`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from contracts.wire import ChatReply
from tests.fakes.slack import FakeSlack

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("gateway", "rasa", "actions", "knowledge", "generator")
IDENTITY_SECRET = "shared-by-gateway-and-host-site-in-tests"


@dataclass
class Town:
    """The running processes, seen from outside."""

    var: Path
    environment: dict[str, str]
    ports: dict[str, int]
    shop_port: int
    slack: FakeSlack
    review: str
    up_output: str = ""

    def frontdesk(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "frontdesk", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=check, timeout=400,
        )  # fmt: skip

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def shop(self) -> str:
        """The one foreign origin on the allow-list. Whoever wants a page there serves it on `shop_port`."""
        return f"http://localhost:{self.shop_port}"

    @contextmanager
    def visitor(self) -> Iterator[httpx.Client]:
        """Somebody in a new conversation, who waits for replies."""
        headers = {"Prefer": "wait"}
        with httpx.Client(base_url=self.url("gateway"), timeout=20, trust_env=False, headers=headers) as visitor:
            visitor.post("/chat/v1/session", json={}).raise_for_status()
            yield visitor

    def kill(self, name: str) -> None:
        """SIGKILL to the process that listens on the port of `name`."""
        os.kill(self._pid(name), signal.SIGKILL)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """The process hangs: it takes connections and says nothing."""
        process = psutil.Process(self._pid(name))
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    def _pid(self, name: str) -> int:
        listeners = {c.laddr.port: c.pid for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
        pid = listeners[self.ports[name]]
        assert pid is not None
        return pid

    def wait_ready(self, seconds: float = 120) -> None:
        """Until the gateway sees Rasa and the other processes answer their health routes."""
        ends = time.monotonic() + seconds
        while not all(self._healthy(name) for name in NAMES):
            assert time.monotonic() < ends, f"not ready again after {seconds} s"
            time.sleep(0.3)

    def _healthy(self, name: str) -> bool:
        path = "/" if name == "rasa" else "/health"
        try:
            return httpx.get(self.url(name) + path, timeout=3, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def states(self) -> dict[str, str]:
        states: dict[str, str] = json.loads(self.frontdesk("status", "--json").stdout)["states"]
        return states


def ask(visitor: httpx.Client, message: str) -> ChatReply:
    response = visitor.post("/chat/v1/messages", json={"text": message})
    assert response.status_code == 200, response.text
    return ChatReply.model_validate_json(response.content)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [int(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    var = tmp_path_factory.mktemp("town") / "var"
    *own_ports, shop_port = free_ports(len(NAMES) + 1)
    ports = dict(zip(NAMES, own_ports, strict=True))
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "TRACKER_URL")}
    environment |= {"FRONTDESK_VAR": str(var), **{f"{name.upper()}_PORT": str(port) for name, port in ports.items()}}
    with FakeSlack() as slack:
        made = Town(var, environment, ports, shop_port, slack, slack.add_channel("review", private=True).id)
        environment |= {
            "ALLOWED_ORIGINS": made.shop, "IDENTITY_SECRET": IDENTITY_SECRET, "SLACK_API_URL": slack.base_url,
            "SLACK_BOT_TOKEN": slack.bot_token, "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_REVIEW_CHANNEL": made.review, "FEEDBACK_DIR": str(var / "feedback"),
        }  # fmt: skip
        slack.deliver_to(*(f"{made.url('gateway')}/slack/{way}" for way in ("events", "interactivity", "commands")))
        try:
            done = made.frontdesk("up", check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            made.up_output = done.stdout
            yield made
        finally:
            made.frontdesk("down", check=False)
