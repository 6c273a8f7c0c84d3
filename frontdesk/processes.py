"""The processes of a local run: how each is started and how one sees that it is ready."""

import sys
from dataclasses import dataclass
from pathlib import Path

from frontdesk.edge import HEALTH, find_nginx
from frontdesk.settings import ROOT, LocalSettings


@dataclass(frozen=True)
class Process:
    """`health` is a path that answers 200 when the process can do its work."""

    name: str
    command: tuple[str, ...]
    port: int
    health: str


def processes(settings: LocalSettings, rasa_model: Path) -> tuple[Process, ...]:
    """In the order of their need: who is asked comes before who asks. The edge only where EDGE_PORT is set."""
    ports = settings.ports
    python = sys.executable

    def uvicorn(name: str) -> tuple[str, ...]:
        return (python, "-m", "uvicorn", f"{name}.api:app", "--host", "127.0.0.1", "--port", str(ports[name]),
                "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "5")  # fmt: skip

    rasa = (
        str(settings.rasa_python), "-m", "rasa", "run", "--model", str(rasa_model), "--interface", "127.0.0.1",
        "--port", str(ports["rasa"]), "--endpoints", str(ROOT / "endpoints.yml"),
        "--credentials", str(ROOT / "credentials.yml"),
    )  # fmt: skip
    edge: tuple[Process, ...] = ()
    if "edge" in ports:
        find_nginx()  # told now, not after the training
        edge = (Process("edge", (python, "-m", "frontdesk.edge"), ports["edge"], HEALTH),)
    return (
        Process("generator", uvicorn("generator"), ports["generator"], "/health"),
        Process("knowledge", uvicorn("knowledge"), ports["knowledge"], "/health"),
        Process("actions", (python, "-m", "actions", "--port", str(ports["actions"])), ports["actions"], "/health"),
        Process("rasa", rasa, ports["rasa"], "/"),
        Process("gateway", uvicorn("gateway"), ports["gateway"], "/health"),
        *edge,
    )
