"""Start, watch and stop the processes with Supervisor (http://supervisord.org): it restarts what dies.

Its configuration, socket and pid lie under `var/run/`, the logs under `var/log/`, one file a process.
"""

import configparser
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from xmlrpc.client import Fault, ServerProxy

import httpx
import psutil
from supervisor.xmlrpc import SupervisorTransport

from contracts.errors import FrontdeskError, Misconfigured
from frontdesk.edge import edge_processes
from frontdesk.processes import Process
from frontdesk.settings import ROOT, RUN_MARK, LocalSettings

LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes
START_SECONDS = 120.0
STOP_SECONDS = 15.0
LOG_LINES = 3


class Supervisor:
    """The supervisor of one `var` folder, running or not."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._run = settings.var / "run"
        self._config = self._run / "supervisord.conf"
        socket = self._run / "supervisor.sock"
        if len(str(socket)) > LONGEST_SOCKET_PATH:
            name = hashlib.sha256(str(socket).encode()).hexdigest()[:12]
            socket = Path(tempfile.gettempdir()) / f"frontdesk-{os.getuid()}-{name}.sock"
        self._socket = socket

    def running(self) -> bool:
        try:
            self._ask("getState")
        except (OSError, Fault):
            return False
        return True

    def states(self) -> dict[str, str]:
        """Name → RUNNING, STARTING, BACKOFF, FATAL …; empty when nothing runs."""
        try:
            return {row["name"]: row["statename"] for row in self._ask("getAllProcessInfo")}
        except (OSError, Fault):
            return {}

    def start(self, processes: Sequence[Process]) -> None:
        """Write the configuration and start the supervisor in the background, which starts the processes."""
        self._run.mkdir(parents=True, exist_ok=True)
        self._settings.logs.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        self._write_config(processes)
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)],
            cwd=ROOT, env=self._settings.process_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise FrontdeskError(f"The process manager did not start: {(done.stderr or done.stdout).strip()}")

    def wait_ready(self, processes: Iterable[Process], seconds: float = START_SECONDS) -> Iterator[Process]:
        """Give each process as it becomes ready. Raises FrontdeskError with the last lines of one that can't start."""
        ends = time.monotonic() + seconds
        waiting = list(processes)
        while waiting:
            for process in [p for p in waiting if is_ready(p)]:
                waiting.remove(process)
                yield process
            states = self.states()
            for process in waiting:
                if states.get(process.name) in ("FATAL", "EXITED"):
                    raise FrontdeskError(f"{process.name} can't start. {self.last_words(process.name)}")
            if waiting and time.monotonic() >= ends:
                names = ", ".join(p.name for p in waiting)
                raise FrontdeskError(f"Not ready after {seconds:.0f} s: {names}. {self.last_words(waiting[0].name)}")
            time.sleep(0.2)

    def last_words(self, name: str) -> str:
        """The end of a process's log, in one line, and where the rest is."""
        log = self._settings.logs / f"{name}.log"
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()] if log.is_file() else []
        said = " | ".join([line for line in lines if line][-LOG_LINES:]) or "It said nothing."
        return f"Its last words: {said} (all of them: {log})"

    def stop(self) -> int:
        """Stop every process of this `var` folder, also those whose supervisor was killed. Returns how many."""
        found = own_processes(self._settings.var)
        if self.running():
            self._ask("shutdown")
        else:
            _terminate(found)
        _, left = psutil.wait_procs(found, timeout=STOP_SECONDS)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=3)
        self._socket.unlink(missing_ok=True)
        return len(found)

    def restart(self, name: str) -> None:
        self._ask("stopProcess", name)
        self._ask("startProcess", name, False)

    def _ask(self, method: str, *arguments: object) -> list[dict[str, str]]:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            answer: list[dict[str, str]] = getattr(proxy.supervisor, method)(*arguments)
            return answer

    def _write_config(self, processes: Sequence[Process]) -> None:
        config = configparser.RawConfigParser()
        config["supervisord"] = {
            "logfile": str(self._settings.logs / "supervisord.log"),
            "pidfile": str(self._run / "supervisord.pid"),
            "directory": str(ROOT),
        }
        config["unix_http_server"] = {"file": str(self._socket), "chmod": "0600"}
        config["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        for process in processes:
            config[f"program:{process.name}"] = {
                "command": shlex.join(process.command).replace("%", "%%"),
                "stdout_logfile": str(self._settings.logs / f"{process.name}.log"),
                "stdout_logfile_maxbytes": "10MB",
                "stdout_logfile_backups": "3",
                "redirect_stderr": "true",
                "startsecs": "3",
                "startretries": "4",
                "stopwaitsecs": "10",
                "stopasgroup": "true",
                "killasgroup": "true",
                "autorestart": "true",
            }
        with self._config.open("w") as file:
            config.write(file)


def _terminate(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()


def is_ready(process: Process) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{process.port}{process.health}", timeout=3, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def own_processes(var: Path) -> list[psutil.Process]:
    """Every process that was started for this `var` folder, known by a mark in its environment; never ourselves."""
    ours = edge_processes(var)
    family = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            if process.pid not in family and process.environ().get(RUN_MARK) == str(var):
                ours.append(process)
        except (psutil.Error, OSError):
            continue
    return ours


def check_ports(processes: Iterable[Process], ours: Collection[int] = ()) -> None:
    """Raises Misconfigured naming the first port that somebody else holds and by whom, or that two of ours want.

    `ours`: process ids that may hold one, because they are about to be stopped.
    """
    connections = psutil.net_connections("tcp")
    listeners = {c.laddr.port: c.pid for c in connections if c.laddr and c.status == psutil.CONN_LISTEN}
    wanted: dict[int, str] = {}
    for process in processes:
        other = wanted.setdefault(process.port, process.name)
        if other != process.name:
            raise Misconfigured(
                f"{process.name} and {other} can't both have port {process.port}. "
                f"Choose another: make up {process.name.upper()}_PORT={process.port + 1}"
            )
        if process.port in listeners and listeners[process.port] not in ours:
            pid = listeners[process.port]
            who = f"{psutil.Process(pid).name()} (process {pid})" if pid else "another program"
            raise Misconfigured(
                f"Port {process.port}, which {process.name} needs, is taken by {who}. "
                f"Stop that, or choose another: make up {process.name.upper()}_PORT={process.port + 1}"
            )
