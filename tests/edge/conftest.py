"""The real nginx with the repository's own configuration, before a stand-in gateway, all on loopback.

Limits count by address, so every test asks from addresses of its own, of which 127.0.0.0/8 has plenty.
"""

import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from frontdesk.edge import HEALTH, SBIN, edge_processes
from frontdesk.settings import ROOT
from tests.edge import upstream as stand_in
from tests.edge.slow import Slow, begin
from tests.edge.upstream import Upstream

TRUSTED = "127.99.0.0/16"
SETTINGS = ("EDGE_PORT", "EDGE_TLS_PORT", "EDGE_HOSTS", "EDGE_PLAIN", "EDGE_CERTIFICATE", "EDGE_CERTIFICATE_KEY",
            "TRUSTED_PROXIES", "GATEWAY_PORT", "FRONTDESK_VAR")  # fmt: skip
_numbers = itertools.count(1)


def own_address(network: str = "127.20") -> str:
    """A loopback address that nobody else asks from."""
    number = next(_numbers)
    return f"{network}.{number // 250}.{number % 250 + 1}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True)
class Edge:
    port: int
    tls_port: int | None
    var: Path
    log: Path
    upstream: Upstream

    def client(self, address: str | None = None, **more: Any) -> httpx.Client:
        """A visitor at an address of its own."""
        limits = httpx.Limits(max_connections=100)
        transport = httpx.HTTPTransport(local_address=address or own_address(), limits=limits, **more)
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", transport=transport, timeout=30, trust_env=False)

    def connect(self, address: str | None = None) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 30, (address or own_address(), 0))

    def raw(self, request: bytes, address: str | None = None) -> bytes:
        """What comes back for these very bytes until nginx closes."""
        with self.connect(address) as connection:
            connection.sendall(request)
            received = b""
            with suppress(ConnectionResetError):
                while part := connection.recv(65_536):
                    received += part
            return received

    def logged(self, word: str) -> str:
        """The lines of the log that name this word; a request's own line is written after the reply."""
        ends = time.monotonic() + 5
        while True:
            lines = [line for line in self.log.read_text().splitlines() if word in line]
            if any('"status":' in line for line in lines) or time.monotonic() > ends:
                return "\n".join(lines)
            time.sleep(0.02)


StartEdge = Callable[..., Edge]


def need(program: str, package: str | None = None) -> str:
    """Its path. Skips for a person, fails in CI: a test that never runs there protects nothing."""
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), SBIN]))
    if found is None:
        what = f"{program} is needed for this test: apt-get install {package or program}"
        pytest.fail(what) if os.environ.get("CI") == "true" else pytest.skip(what)
    return str(found)


def need_nginx() -> None:
    need("nginx", "nginx-light")


@pytest.fixture(scope="session")
def start_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartEdge]:
    """`start_edge(NAME=value …)`: `python -m frontdesk.edge` with these settings, ready; before a live gateway unless
    GATEWAY_PORT names another."""
    need_nginx()
    started: list[tuple[subprocess.Popen[bytes], Edge]] = []

    def start(tls: bool = False, **given: str) -> Edge:
        var, upstream = tmp_path_factory.mktemp("edge"), stand_in.start()
        edge = Edge(free_port(), free_port() if tls else None, var, var / "edge.log", upstream)
        settings = {"FRONTDESK_VAR": str(var), "EDGE_PORT": str(edge.port), "GATEWAY_PORT": str(upstream.port),
                    "EDGE_TLS_PORT": str(edge.tls_port or "")}  # fmt: skip
        environment = {**os.environ, **dict.fromkeys(SETTINGS, ""), **settings, **given}
        with edge.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "frontdesk.edge"], cwd=ROOT, env=environment, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        started.append((process, edge))
        wait_ready(edge, process)
        return edge

    yield start
    for process, edge in started:
        stop(process, edge)


def wait_ready(edge: Edge, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 20
    with edge.client() as client:
        while True:
            with suppress(httpx.TransportError):
                assert client.get(HEALTH).json() == {"status": "ready"}
                return
            assert process.poll() is None and time.monotonic() < ends, edge.log.read_text()
            time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], edge: Edge) -> None:
    """Nothing may be left of it."""
    ours = edge_processes(edge.var)
    edge.upstream.end_streams()
    process.terminate()
    process.wait(10)
    _, left = psutil.wait_procs(ours, 10)
    edge.upstream.shutdown()
    edge.upstream.server_close()
    assert left == []


@pytest.fixture(scope="session")
def edge(start_edge: StartEdge) -> Edge:
    """Plain HTTP; it believes proxies at 127.99.*."""
    return start_edge(TRUSTED_PROXIES=TRUSTED)


@pytest.fixture(scope="session")
def slow(edge: Edge) -> Iterator[Slow]:
    with ThreadPoolExecutor(8) as pool:
        yield begin(edge, pool)


@pytest.fixture(scope="session", autouse=True)
def _begin_what_is_slow(request: pytest.FixtureRequest) -> None:
    """Before the first test, if any of them will wait for it."""
    if any("slow" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("slow")


@pytest.fixture(scope="session")
def tls_edge(start_edge: StartEdge) -> Edge:
    """TLS with a certificate made for this run; plain HTTP redirects."""
    return start_edge(tls=True)


@pytest.fixture
def visitor(edge: Edge) -> Iterator[httpx.Client]:
    with edge.client() as client:
        yield client
