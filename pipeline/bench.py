"""Measure speed and memory as a new user would meet them; writes `reports/bench.json`.

    make bench

A fresh clone of the last commit in a temporary folder, on free ports: `make up` (everything installed, trained and
indexed), `make down`, `make up` again, then the development questions through the gateway, one user and four.
Packages may come from the local cache of uv; that and the machine stand in the report.
"""

import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import psutil
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from contracts.wire import ChatReply
from knowledge.settings import ROOT
from pipeline.questions import DEVELOPMENT, load_questions
from pipeline.stack import Stack, free_ports

REPORT = ROOT / "reports" / "bench.json"
PROCESSES = ("gateway", "rasa", "actions", "knowledge", "generator")
ROUNDS = 3
USERS = 4
TURNS_A_CONVERSATION = 5
TARGETS = {
    "curated_p50_ms": 70, "curated_p95_ms": 150, "draft_p50_ms": 500, "retrieval_p50_ms": 10,
    "four_users_p95_ms": 1500, "four_users_errors": 0, "rss_total_mb": 3000, "second_up_s": 60,
}  # fmt: skip


@contextmanager
def fresh_clone() -> Iterator[tuple[Path, dict[str, str], dict[str, int]]]:
    """A clone, the environment to run it in, and its ports; everything is stopped and removed at the end."""
    ports = dict(zip(PROCESSES, free_ports(len(PROCESSES)), strict=True))
    environment = {**os.environ, **{f"{name.upper()}_PORT": str(port) for name, port in ports.items()}}
    for name in ("FRONTDESK_VAR", "DATABASE_URL", "TRACKER_URL", "VIRTUAL_ENV", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as scratch:
        clone = Path(scratch) / "frontdesk"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        try:
            yield clone, environment, ports
        finally:
            subprocess.run(["make", "down"], cwd=clone, env=environment, stdout=subprocess.DEVNULL, check=False)


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    started = time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return time.monotonic() - started


class Visitor:
    """A browser: keeps its session for a few turns, then comes back as somebody else."""

    def __init__(self, url: str) -> None:
        self._turns = TURNS_A_CONVERSATION
        self._http = httpx.Client(base_url=f"{url}/chat/v1", headers={"Prefer": "wait"}, timeout=30, trust_env=False)

    def ask(self, question: str) -> tuple[ChatReply, float]:
        """The reply and the milliseconds until it was here. Raises httpx.HTTPError."""
        if self._turns == TURNS_A_CONVERSATION:
            self._http.cookies.clear()
            self._http.post("/session", json={}).raise_for_status()
            self._turns = 0
        self._turns += 1
        started = time.perf_counter()
        response = self._http.post("/messages", json={"text": question})
        ms = (time.perf_counter() - started) * 1000
        response.raise_for_status()
        return ChatReply.model_validate_json(response.content), ms


def one_user(url: str, questions: list[str]) -> tuple[dict[str, list[float]], dict[str, dict[str, list[float]]]]:
    """Milliseconds by decision, and by decision and stage."""
    visitor = Visitor(url)
    for question in questions[:10]:
        visitor.ask(question)
    totals: dict[str, list[float]] = defaultdict(list)
    stages: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for question in track(questions * ROUNDS, "one user"):
        reply, ms = visitor.ask(question)
        if reply.evidence is None:
            continue
        decision, times = reply.evidence.decision.value, reply.evidence.timings_ms
        totals[decision].append(ms)
        for stage in ("retrieve", "search", "generate", "model"):
            if stage in times:
                stages[decision][stage].append(times[stage])
        stages[decision]["dialogue"].append(ms - times.get("retrieve", 0) - times.get("generate", 0))
    return totals, stages


def several_users(url: str, questions: list[str]) -> tuple[list[float], int]:
    """USERS at once, each asking all questions in an order of their own: milliseconds, errors."""

    def user(number: int) -> tuple[list[float], int]:
        visitor, times, errors = Visitor(url), [], 0
        for question in questions[number * 7 :] + questions[: number * 7]:
            try:
                reply, ms = visitor.ask(question)
                times.append(ms)
                errors += reply.status != "answered"
            except httpx.HTTPError:
                errors += 1
        return times, errors

    with ThreadPoolExecutor(USERS) as pool:
        results = list(pool.map(user, range(USERS)))
    return [ms for times, _ in results for ms in times], sum(errors for _, errors in results)


def percentile(values: list[float], share: float) -> float:
    """Nearest rank; NaN of nothing, so that a missing measurement can't pass for a fast one."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else float("nan")


def measure(stack: Stack, memory: Callable[[], float]) -> dict[str, object]:
    questions = [q.question for q in load_questions(DEVELOPMENT) if q.previous is None]
    totals, stages = one_user(stack.url("gateway"), questions)
    together, errors = several_users(stack.url("gateway"), questions)
    retrieval = [ms for by_stage in stages.values() for ms in by_stage["retrieve"]]
    return {
        "curated_p50_ms": percentile(totals["curated"], 0.5),
        "curated_p95_ms": percentile(totals["curated"], 0.95),
        "draft_p50_ms": percentile(totals["draft"], 0.5),
        "draft_p95_ms": percentile(totals["draft"], 0.95),
        "unknown_p50_ms": percentile(totals["unknown"], 0.5),
        "retrieval_p50_ms": percentile(retrieval, 0.5),
        "four_users_p95_ms": percentile(together, 0.95),
        "four_users_errors": errors,
        "rss_total_mb": memory(),
        "samples": {decision: len(times) for decision, times in totals.items()} | {"four_users": len(together)},
        "stages_p50_ms": {
            decision: {stage: round(statistics.median(times), 1) for stage, times in by_stage.items()}
            for decision, by_stage in stages.items()
        },
    }


def machine() -> dict[str, object]:
    return {
        "cores": psutil.cpu_count(), "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "cpu": platform.processor() or platform.machine(), "python": platform.python_version(),
        "load_before": round(psutil.getloadavg()[0], 2),
    }  # fmt: skip


def show(result: dict[str, object], console: Console) -> None:
    table = Table("measure", "value", "wanted", "")
    for name, wanted in TARGETS.items():
        value = result[name]
        assert isinstance(value, int | float)
        table.add_row(name, f"{value:.0f}", f"<= {wanted}", "[green]✓[/]" if value <= wanted else "[red]missed[/]")
    console.print(table)
    console.print({"first_up_s": result["first_up_s"], "stages_p50_ms": result["stages_p50_ms"]})


def main(
    here: Annotated[bool, typer.Option(help="measure the stack that runs, no clone, write nothing")] = False,
) -> None:
    console, about = Console(), machine()
    if here:
        console.print(measure(Stack.running(), lambda: status_memory(ROOT, dict(os.environ))))
        return
    with fresh_clone() as (clone, environment, ports):
        first = timed(["make", "up"], clone, environment)
        timed(["make", "down"], clone, environment)
        second = timed(["make", "up"], clone, environment)
        result = measure(Stack(ports), lambda: status_memory(clone, environment))
    result |= {"first_up_s": first, "second_up_s": second, "machine": about}
    rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in result.items()}
    REPORT.write_text(json.dumps(rounded, indent=1) + "\n")
    show(rounded, console)
    console.print(f"written: {REPORT.relative_to(ROOT)}")


def status_memory(folder: Path, environment: dict[str, str]) -> float:
    command = [str(folder / ".venv" / "bin" / "frontdesk"), "status", "--json"]
    out = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
    return float(json.loads(out)["rss_mb"])


if __name__ == "__main__":
    typer.run(main)
