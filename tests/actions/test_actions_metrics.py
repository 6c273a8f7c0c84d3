"""The action server tells Prometheus how the generator does."""

import os
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


def test_the_action_server_serves_its_metrics() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "actions", "--port", str(port)], cwd=ROOT, env=os.environ)
    try:
        said = read(f"http://127.0.0.1:{port}/metrics")
    finally:
        server.terminate()
        server.wait(20)
    assert "# TYPE frontdesk_generator_calls_total counter" in said
    assert "# TYPE frontdesk_generator_breaker_open gauge" in said
