"""A gateway in a process of its own, as frontdesk starts it, its log, and a client that may send any bytes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from contracts.wire import Problem
from gateway.sessions import Sessions
from tests.gateway.conftest import OPERATOR, SECRET

PRIVATE = "Zanzibar-4711"  # stands in every hostile message, and never in the log
signed = Sessions(SECRET, 30)


def new_token() -> str:
    return signed.issue(signed.begin())[0]


def post(body: bytes, *headers: str, path: str = "/chat/v1/messages", length: bool = True) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1", "Host: a", "Connection: close", f"Authorization: Bearer {new_token()}", *headers,
        *([f"Content-Length: {len(body)}"] if length else []),
    ]  # fmt: skip
    if not any(line.startswith("Content-Type:") for line in headers):
        lines.append("Content-Type: application/json")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def assert_refused(answer: tuple[int, bytes], *statuses: int) -> None:
    """In a sentence of ours, or of the server's where the request could not even be read."""
    status, body = answer
    assert status in statuses, answer
    if status and body != b"Invalid HTTP request received.":
        assert Problem.model_validate_json(body).message.endswith(".")


class Target:
    """`log` is everything that the process wrote."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.port, self.address, self._process, self._log = port, f"http://127.0.0.1:{port}", process, log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def megabytes(self) -> float:
        return float(psutil.Process(self._process.pid).memory_info().rss) / 2**20

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of what comes back until the gateway hangs up; status 0 when it says nothing."""
        with self.connect() as connection:
            received = b""
            try:
                connection.sendall(request)
                while part := connection.recv(65_536):
                    received += part
            except ConnectionError:  # it has hung up without reading everything
                pass
        head, _, body = received.partition(b"\r\n\r\n")
        assert received.count(b"HTTP/1.1 ") <= 1, "one request, two answers"
        return int(head.split()[1]) if head else 0, body

    def say(self, token: str, text: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Prefer": "wait"}
        return httpx.post(
            f"{self.address}/chat/v1/messages", json={"text": text}, headers=headers, timeout=10, trust_env=False
        )


@contextmanager
def running(folder: Path, rasa: str, database: str) -> Iterator[Target]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", "gateway.api:app", "--port", str(port), "--no-access-log",
               "--log-level", "warning", "--timeout-graceful-shutdown", "10"]  # fmt: skip
    environment = {
        **os.environ, "SESSION_SECRET": SECRET, "OPERATOR_TOKEN": OPERATOR, "RASA_URL": rasa, "DATABASE_URL": database,
        "BURST_SECONDS": "0", "ALLOWED_ORIGINS": "https://shop.example",
    }  # fmt: skip
    log = folder / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    target = Target(port, process, log)
    try:
        wait_ready(target, process)
        yield target
    finally:
        process.kill()
        process.wait(10)


def wait_ready(target: Target, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 30
    while True:
        assert process.poll() is None and time.monotonic() < ends, f"the gateway did not start:\n{target.log}"
        try:
            httpx.get(f"{target.address}/health", timeout=1, trust_env=False)
            return
        except httpx.HTTPError:
            time.sleep(0.05)
