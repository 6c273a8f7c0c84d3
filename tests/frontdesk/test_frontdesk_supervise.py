"""Starting, watching and stopping real processes of a `var` folder of their own, and nobody else's."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from contracts.errors import FrontdeskError, Misconfigured
from frontdesk.processes import Process, processes
from frontdesk.settings import RUN_MARK, LocalSettings
from frontdesk.supervise import STOP_SECONDS, Supervisor, check_ports, is_ready, own_processes

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
)  # fmt: skip
Spawn = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """`spawn(mark)`: a process that sleeps, marked as one of that run."""
    started: list[subprocess.Popen[bytes]] = []

    def start(mark: str | None, command: tuple[str, ...] = SLEEP) -> subprocess.Popen[bytes]:
        environment = {key: value for key, value in os.environ.items() if key != RUN_MARK}
        started.append(
            subprocess.Popen(command, env=environment | ({RUN_MARK: mark} if mark else {}), stdout=subprocess.PIPE)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def web_server(name: str, port: int) -> Process:
    return Process(name, (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"), port, "/")


def local(var: Path) -> LocalSettings:
    return LocalSettings({**os.environ, "FRONTDESK_VAR": str(var)})


@pytest.mark.parametrize("name", ["gateway", "rasa"])
def test_a_taken_port_is_told_with_its_holder_and_a_way_out(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Misconfigured) as caught:
            check_ports([web_server(name, port)])
    holder = f"{re.escape(psutil.Process().name())} \\(process {os.getpid()}\\)"
    assert re.search(rf"Port {port}, which {name} needs, is taken by {holder}", str(caught.value))
    assert str(caught.value).endswith(f"make up {name.upper()}_PORT={port + 1}")


def test_free_ports_are_fine() -> None:
    check_ports([web_server("gateway", free_port()), web_server("rasa", free_port())])


def test_two_processes_cannot_share_a_port() -> None:
    port = free_port()
    with pytest.raises(Misconfigured, match=rf"rasa and gateway can't both have port {port}"):
        check_ports([web_server("gateway", port), web_server("rasa", port)])


def test_every_process_listens_on_loopback_only(tmp_path: Path) -> None:
    settings = local(tmp_path)
    parts = processes(settings, tmp_path / "model.tar.gz")
    assert {part.name: part.port for part in parts} == settings.ports
    for part in parts:
        assert str(part.port) in part.command
        assert "127.0.0.1" in part.command or part.name == "actions"


def test_own_processes_are_those_with_the_mark_of_this_folder(tmp_path: Path, spawn: Spawn) -> None:
    ours, others, nobodys = spawn(str(tmp_path)), spawn(str(tmp_path) + "-other"), spawn(None)
    assert [process.pid for process in own_processes(tmp_path)] == [ours.pid]
    assert {others.poll(), nobodys.poll()} == {None}


def test_stop_ends_orphans_with_the_mark_and_nothing_else(tmp_path: Path, spawn: Spawn) -> None:
    orphans, strangers = [spawn(str(tmp_path)) for _ in range(2)], [spawn(str(tmp_path) + "2"), spawn(None)]
    began = time.monotonic()
    assert Supervisor(local(tmp_path)).stop() == 2
    assert time.monotonic() - began < STOP_SECONDS / 2
    assert all(orphan.wait(5) is not None for orphan in orphans)
    assert [stranger.poll() for stranger in strangers] == [None, None]


def test_stop_with_nothing_running_is_no_error(tmp_path: Path) -> None:
    assert Supervisor(local(tmp_path)).stop() == 0
    assert (Supervisor(local(tmp_path)).running(), Supervisor(local(tmp_path)).states()) == (False, {})


def test_what_is_killed_comes_back_and_stop_ends_all(tmp_path: Path) -> None:
    var = tmp_path / "a folder with blanks"
    supervisor, parts = Supervisor(local(var)), [web_server("one", free_port()), web_server("two", free_port())]
    try:
        supervisor.start(parts)
        assert {part.name for part in supervisor.wait_ready(parts, 30)} == {"one", "two"}
        before = {process.pid for process in own_processes(var)}
        (one,) = (p for p in own_processes(var) if str(parts[0].port) in p.cmdline())
        time.sleep(3.2)  # Supervisor counts a process as started after three seconds
        one.kill()
        one.wait(5)
        assert [part.name for part in supervisor.wait_ready([parts[0]], 30)] == ["one"]
        assert {process.pid for process in own_processes(var)} != before
    finally:
        stopped = supervisor.stop()
    assert stopped == 3  # two servers and their supervisor
    assert (own_processes(var), [is_ready(part) for part in parts]) == ([], [False, False])


def test_the_last_words_of_a_process_are_its_last_lines(tmp_path: Path) -> None:
    settings = local(tmp_path)
    settings.logs.mkdir(parents=True)
    (settings.logs / "rasa.log").write_text("one\n\ntwo\nthree\nfour\n\n")
    assert Supervisor(settings).last_words("rasa").startswith("Its last words: two | three | four (")
    assert "It said nothing." in Supervisor(settings).last_words("gateway")


def test_not_ready_in_time_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(FrontdeskError, match=r"Not ready after 0 s: gateway\. Its last words: It said nothing"):
        list(Supervisor(local(tmp_path)).wait_ready([web_server("gateway", free_port())], seconds=0.2))
