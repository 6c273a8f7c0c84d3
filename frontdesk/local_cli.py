"""`frontdesk up | down | status | prepare`: the local run behind the Makefile."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from contracts.errors import FrontdeskError
from frontdesk.prepare import digest_of, prepare, step
from frontdesk.processes import Process, processes
from frontdesk.settings import ROOT, LocalSettings
from frontdesk.supervise import Supervisor, check_ports, is_ready, own_processes

up_app, down_app, status_app, prepare_app = (typer.Typer() for _ in range(4))

FIRST_QUESTION = "How do I restore a single file?"
CODE = ("actions", "contracts", "deploy/nginx", "frontdesk/edge.py", "gateway", "generator", "knowledge",
        "rasa_components", "review", "params.yaml", "endpoints.yml", "credentials.yml",
        "env/app/requirements.txt")  # fmt: skip


@dataclass(frozen=True)
class Release:
    """What runs: the code, the models by name, the settings. It stands in `var/run/release.json` while it runs."""

    code: str
    settings: str
    rasa: str
    ports: dict[str, int]

    @classmethod
    def of(cls, settings: LocalSettings, model: Path) -> "Release":
        return cls(digest_of(ROOT / name for name in CODE), settings.digest(), model.name, settings.ports)

    def is_running(self, settings: LocalSettings) -> bool:
        file = settings.var / "run" / "release.json"
        try:
            return bool(json.loads(file.read_text()) == self.__dict__)
        except (OSError, ValueError):  # none, or one that was written in part
            return False

    def write(self, settings: LocalSettings) -> None:
        (settings.var / "run" / "release.json").write_text(json.dumps(self.__dict__))


@up_app.command()
def up(question: Annotated[str, typer.Option(help="asked at the end")] = FIRST_QUESTION) -> None:
    """Prepare what is missing, start every process, ask one question, print the address of the page."""
    console, settings, started = Console(), LocalSettings.read(), time.perf_counter()
    # Before the long work; which model Rasa will get doesn't matter for its port.
    check_ports(processes(settings, settings.models), {process.pid for process in own_processes(settings.var)})
    model = prepare(settings, console)
    parts, supervisor = processes(settings, model), Supervisor(settings)
    release = Release.of(settings, model)
    if supervisor.running() and release.is_running(settings) and all(is_ready(p) for p in parts):
        reload_index(settings)
        console.print("  [green]✓[/] Every process runs already", highlight=False)
    else:
        start(settings, supervisor, parts, console)
        release.write(settings)
    show_first_answer(settings, question, console)
    console.print(
        f"[bold green]Frontdesk is ready[/] after {time.perf_counter() - started:.0f} s: "
        f"open [bold]{settings.url('gateway')}/[/] · ask with make ask Q=\"…\" · stop with make down",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def start(settings: LocalSettings, supervisor: Supervisor, parts: tuple[Process, ...], console: Console) -> None:
    """Stop what is left of an earlier run, then start all. What can't start leaves nothing behind."""
    supervisor.stop()
    check_ports(parts)
    began = time.perf_counter()
    with console.status("Starting the processes …") as status:
        try:
            supervisor.start(parts)
            for process in supervisor.wait_ready(parts):
                seconds = time.perf_counter() - began
                ready = f"  [green]✓[/] {process.name}: ready on {process.port} ({seconds:.1f} s)"
                console.print(ready, highlight=False)
                status.update("Starting the processes …")
        except (FrontdeskError, KeyboardInterrupt):
            supervisor.stop()
            raise


def reload_index(settings: LocalSettings) -> None:
    import httpx

    httpx.post(f"{settings.url('knowledge')}/reload", timeout=30, trust_env=False).raise_for_status()


def show_first_answer(settings: LocalSettings, question: str, console: Console) -> None:
    from gateway.cli import post_question, show

    with step(console, "First question") as tell:
        post_question(settings.url("gateway"), question)  # the first turn of a process is the slow one
        reply = post_question(settings.url("gateway"), question)
        tell(f"“{question}”")
    show(reply, console)
    if reply.status != "answered":
        raise FrontdeskError(f"The processes run, but the first question failed ({reply.status}). See {settings.logs}")


@down_app.command()
def down() -> None:
    """Stop what `up` started, and nothing else."""
    settings = LocalSettings.read()
    stopped = Supervisor(settings).stop()
    (settings.var / "run" / "release.json").unlink(missing_ok=True)
    print(f"Stopped {stopped} processes." if stopped else "Nothing was running.")


@status_app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="print JSON for programs")] = False) -> None:
    """Say which processes run, how much memory they hold and where their logs are."""
    settings = LocalSettings.read()
    states = Supervisor(settings).states()
    memory = memory_mb(settings)
    if as_json:
        print(json.dumps({"states": states, "rss_mb": round(memory, 1), "ports": settings.ports}))
        return
    if not states:
        print("Nothing is running. Start with: make up")
        return
    table = Table("process", "state", "port", "log")
    for name, state in states.items():
        table.add_row(name, state.lower(), str(settings.ports.get(name, "")), str(settings.logs / f"{name}.log"))
    Console().print(table)
    print(f"{memory:.0f} MB resident in all")


def memory_mb(settings: LocalSettings) -> float:
    """Resident memory of all our processes together."""
    return sum(process.memory_info().rss for process in own_processes(settings.var)) / 1e6


@prepare_app.command("prepare")
def prepare_only() -> None:
    """Train and index what is missing, start nothing."""
    prepare(LocalSettings.read(), Console())
