"""The action server tells Prometheus how the generator does."""

import socket
import subprocess
import sys
import time
import urllib.request

from actions.settings import ROOT


def read(url: str) -> str:
    """Waits until the server is there."""
    ends = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            assert time.monotonic() < ends
            time.sleep(0.1)


def started(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "actions", "--port", str(port)], cwd=ROOT, stderr=subprocess.PIPE)


def ended(server: subprocess.Popen[bytes]) -> int:
    """Its exit status; a server that doesn't end is killed, and the test fails."""
    server.terminate()
    try:
        return server.wait(60)
    finally:
        server.kill()
        server.communicate()


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_action_server_serves_its_metrics() -> None:
    port = a_free_port()
    server = started(port)
    try:
        said = read(f"http://127.0.0.1:{port}/metrics")
    finally:
        status = ended(server)
    assert status == 0
    assert "# TYPE frontdesk_generator_calls_total counter" in said
    assert "# TYPE frontdesk_generator_breaker_open gauge" in said


def test_a_server_that_is_told_to_stop_at_its_first_answer_stops() -> None:
    for _ in range(4):
        port = a_free_port()
        server = started(port)
        try:
            read(f"http://127.0.0.1:{port}/metrics")
        finally:
            status = ended(server)
        assert status == 0


def test_a_port_that_is_taken_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        server = started(port)
        _, said = server.communicate(timeout=60)
    assert server.returncode == 1
    assert f"The action server can't listen on 127.0.0.1:{port}: " in said.decode()
    assert "Traceback" not in said.decode()
