"""The program: one sentence for an error, help without the heavy libraries, a reply as people and programs read it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

HEAVY = ("faiss", "ctranslate2", "torch", "transformers", "onnxruntime", "rasa_sdk", "py3langid")
REPLY = {
    "turn_id": "t-1", "text": "Choose [b]Versions[/b].", "status": "answered", "buttons": [], "total_ms": 12.0,
    "evidence": {
        "decision": "curated", "question": "q", "timings_ms": {"retrieve": 3.0},
        "sources": [{"id": "faq:1", "title": "[/x] [beta] Restoring", "url": "", "score": 0.9,
                     "updated_at": "2026-05-27T00:00:00Z"}],
    },
}  # fmt: skip


def frontdesk(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "frontdesk", *arguments], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment},
    )  # fmt: skip


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def gateway(serve: Callable[[Any], str]) -> str:
    app = FastAPI()

    @app.post("/chat/v1/session")
    def begin() -> dict[str, Any]:
        return {}

    @app.post("/chat/v1/messages")
    def reply() -> dict[str, Any]:
        return REPLY

    return serve(app)


@pytest.mark.parametrize(
    "server", ["http://127.0.0.1:{port}", "nonsense", "[/nonsense]", "http://[::", "http://127.0.0.1:99999"]
)
def test_a_server_that_does_not_answer_is_one_sentence_and_status_1(server: str) -> None:
    address = server.format(port=closed_port())
    done = frontdesk("ask", "hello", "--server", address)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == f"✗ Nothing answers at {address}. Start it with: make up"


def test_the_port_of_the_environment_is_asked() -> None:
    port = closed_port()
    done = frontdesk("ask", "hello", GATEWAY_PORT=str(port))
    assert (done.returncode, f"http://127.0.0.1:{port}" in done.stderr) == (1, True)


def test_something_else_at_the_address_is_one_sentence(serve: Callable[[Any], str]) -> None:
    done = frontdesk("ask", "hello", "--server", serve(FastAPI()))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "not a Frontdesk gateway" in done.stderr


def test_a_reply_is_shown_as_it_is_with_its_sources(gateway: str) -> None:
    done = frontdesk("ask", "how?", "--server", f"{gateway}/")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Choose [b]Versions[/b]." in done.stdout and "[/x] [beta] Restoring" in done.stdout
    assert "curated" in done.stdout and "retrieve 3" in done.stdout


def test_a_reply_for_programs_is_json(gateway: str) -> None:
    done = frontdesk("ask", "how?", "--server", gateway, "--json")
    assert json.loads(done.stdout)["text"] == REPLY["text"]


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["kb", "--help"], ["--version"]])
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    code = (
        "import sys; from frontdesk.cli import app\n"
        f"try: app({arguments!r})\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout
    assert done.stderr.strip() == "[]"


def test_help_lists_every_verb() -> None:
    shown = frontdesk("--help").stdout
    assert all(verb in shown for verb in ("ask", "kb", "up", "down", "status", "prepare"))


def test_an_unknown_verb_is_refused_without_a_trace() -> None:
    done = frontdesk("dance")
    assert done.returncode == 2
    assert "dance" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["up", "prepare"])
def test_a_bad_port_is_one_sentence_before_any_work(verb: str, tmp_path: Path) -> None:
    done = frontdesk(verb, GATEWAY_PORT="eighty", FRONTDESK_VAR=str(tmp_path / "var"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "✗ GATEWAY_PORT=eighty is no port; give a number from 1024 to 65535."
    assert not (tmp_path / "var").exists()


def test_down_and_status_with_nothing_running_say_so(tmp_path: Path) -> None:
    assert frontdesk("down", FRONTDESK_VAR=str(tmp_path)).stdout == "Nothing was running.\n"
    assert "Nothing is running" in frontdesk("status", FRONTDESK_VAR=str(tmp_path)).stdout
    assert json.loads(frontdesk("status", "--json", FRONTDESK_VAR=str(tmp_path)).stdout)["states"] == {}
