"""The website chat under load, as its users meet it; writes `reports/web.json`.

    make bench-web

A stack of its own on free ports, with NGINX in front, and then: mixed questions at a steady rate over Locust, open
event streams, the limiter of one address beside another, the gateway's own share of a turn, the widget's size and how
fast it is there, and what axe finds on the demo page. Each figure stands beside what it has to reach.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from knowledge.settings import ROOT
from pipeline.bench import machine, percentile
from pipeline.stack import fresh_stack, process_on

if TYPE_CHECKING:
    from playwright.sync_api import Page

REPORT = ROOT / "reports" / "web.json"
NAMES = ("gateway", "rasa", "actions", "knowledge", "generator", "edge")
RATE, SECONDS = 20, 60
STREAMS = 200
LIMIT = 20
OVERHEAD_TURNS = 400
LOADS = 7
REST_MS = 350
WIDGET = ROOT / "widget" / "dist" / "frontdesk-chat.js"
AXE = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
WANTED: dict[str, tuple[str, float]] = {
    "lost": ("=", 0), "doubled": ("=", 0), "http_5xx": ("=", 0), "failed_turns": ("=", 0), "p95_ms": ("<=", 1_500),
    "sse_extra_mb": ("<=", 150), "limiter_passed_per_s": ("±10 %", LIMIT), "limiter_other_refused": ("=", 0),
    "widget_gzip_kb": ("<=", 60), "widget_interactive_ms": ("<=", 300), "axe_violations": ("=", 0),
    "gateway_overhead_p50_ms": ("<=", 5),
}  # fmt: skip


def steady_load(ports: dict[str, int]) -> dict[str, object]:
    """Locust's own process asks; what became of each message is then read from the histories."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "asked.json"
        subprocess.run(
            [sys.executable, "-m", "locust", "--headless", "--only-summary", "-f", str(ROOT / "pipeline/web_load.py"),
             "--users", str(RATE), "--spawn-rate", str(RATE), "--run-time", f"{SECONDS + 5}s", "--stop-timeout", "15",
             "--host", f"http://127.0.0.1:{ports['gateway']}"],
            cwd=ROOT, env={**os.environ, "WEB_LOAD_OUT": str(out), "WEB_LOAD_SECONDS": str(SECONDS)}, check=False,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        asked = json.loads(out.read_text())
    took = [one["ms"] for one in asked["messages"] if one["status"] == 200]
    replies = Counter(count for user in asked["users"] for count in user["replies_per_message"])
    return {
        "messages": len(asked["messages"]),
        "messages_per_s": len(asked["messages"]) / asked["seconds"],
        "lost": replies[0],
        "doubled": sum(count for replies_of_one, count in replies.items() if replies_of_one > 1),
        "http_5xx": sum(one["status"] >= 500 or one["status"] == 0 for one in asked["messages"]),
        "failed_turns": sum(one["turn"] not in ("answered", "") for one in asked["messages"]),
        "p50_ms": percentile(took, 0.5),
        "p95_ms": percentile(took, 0.95),
        "decisions": dict(Counter(one["decision"] for one in asked["messages"])),
    }


def open_streams(ports: dict[str, int]) -> dict[str, object]:
    """Memory of the gateway with and without STREAMS open event streams, and whether each of them hears a reply."""
    gateway = process_on(ports["gateway"])

    async def run() -> tuple[float, int]:
        limits = httpx.Limits(max_connections=STREAMS + 20)
        url = f"http://127.0.0.1:{ports['gateway']}/chat/v1"
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60, trust_env=False) as http:
            tokens = [
                (await http.post("/session", json={"transport": "bearer"})).json()["token"] for _ in range(STREAMS)
            ]
            before = gateway.memory_info().rss
            heard = [asyncio.create_task(hear_reply(http, token)) for token in tokens]
            await asyncio.sleep(3)
            extra = gateway.memory_info().rss - before
            for token in tokens[:20]:  # a sample speaks; the others must hear nothing
                await http.post("/messages", json={"text": "How do I restore a single file?"}, headers=bearer(token))
            done, waiting = await asyncio.wait(heard, timeout=20)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return extra / 1e6, len(done)

    extra, heard = asyncio.run(run())
    return {"sse_streams": STREAMS, "sse_extra_mb": extra, "sse_heard_of_20": heard}


async def hear_reply(http: httpx.AsyncClient, token: str) -> None:
    async with http.stream("GET", "/events", headers=bearer(token)) as response:
        async for line in response.aiter_lines():
            if line == "event: reply":
                return


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def limiter(ports: dict[str, int]) -> dict[str, object]:
    """One address asks as fast as it can through NGINX for ten seconds, another one calmly."""
    url, seconds = f"http://127.0.0.1:{ports['edge']}/chat/v1/messages", 10.0

    async def hammer() -> Counter[int]:
        counts: Counter[int] = Counter()
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                counts[(await http.get(url)).status_code] += 1
                await asyncio.sleep(1 / 150)
        return counts

    async def calm() -> Counter[int]:
        counts: Counter[int] = Counter()
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx.AsyncClient(timeout=10, trust_env=False, transport=transport) as http:
            for _ in range(int(seconds * 10)):
                counts[(await http.get(url)).status_code] += 1
                await asyncio.sleep(0.1)
        return counts

    async def run() -> tuple[Counter[int], Counter[int]]:
        one, other = await asyncio.gather(hammer(), calm())
        return one, other

    one, other = asyncio.run(run())
    passed = one.total() - one[429]
    return {
        "limiter_asked_per_s": one.total() / seconds,
        "limiter_passed_per_s": passed / seconds,
        "limiter_refused_with_429": one[429],
        "limiter_other_refused": other[429],
    }


def overhead(ports: dict[str, int]) -> dict[str, object]:
    """What the gateway adds to Rasa's own time: whole question minus the same one asked at Rasa directly, in turns."""
    question, through, direct = "How do I restore a single file?", [], []
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{ports['gateway']}/chat/v1", timeout=20, trust_env=False) as chat,
        httpx.Client(base_url=f"http://127.0.0.1:{ports['rasa']}", timeout=20, trust_env=False) as rasa,
    ):
        for number in range(OVERHEAD_TURNS):
            if number % 10 == 0:  # long conversations make Rasa slower
                chat.post("/session", json={"transport": "bearer"})
                token = chat.post("/session", json={"transport": "bearer"}).json()["token"]
            started = time.perf_counter()
            chat.post("/messages", json={"text": question}, headers={**bearer(token), "Prefer": "wait"})
            through.append((time.perf_counter() - started) * 1000)
            body = {"sender": f"bench-{number // 10}", "message": question, "metadata": {"turn_id": f"b-{number}"}}
            started = time.perf_counter()
            rasa.post("/webhooks/rest/webhook", json=body)
            direct.append((time.perf_counter() - started) * 1000)
    apart = [a - b for a, b in zip(through, direct, strict=True)]
    return {
        "gateway_overhead_p50_ms": statistics.median(apart), "through_gateway_p50_ms": statistics.median(through),
        "rasa_alone_p50_ms": statistics.median(direct),
    }  # fmt: skip


def widget(ports: dict[str, int]) -> dict[str, object]:
    """Size, time until it can be used on the demo page (median of LOADS), and what axe finds, closed and open."""
    import gzip

    from playwright.sync_api import sync_playwright

    page_url = f"http://127.0.0.1:{ports['gateway']}/widget/demo/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        times: list[float] = []
        for _ in range(LOADS):
            page = browser.new_page()
            page.goto(page_url)
            page.wait_for_function("performance.getEntriesByName('frontdesk-ready').length")
            times.append(page.evaluate("performance.getEntriesByName('frontdesk-ready')[0].startTime"))
            page.close()
        page = browser.new_page()
        page.goto(page_url)
        page.evaluate(AXE.read_text())
        found = violations(page)
        page.evaluate("document.querySelector('frontdesk-chat').say('How do I restore a single file?')")
        page.get_by_text("Reviewed answer").first.wait_for()
        found += violations(page)
        browser.close()
    return {
        "widget_gzip_kb": len(gzip.compress(WIDGET.read_bytes(), 9)) / 1000,
        "widget_interactive_ms": statistics.median(times), "axe_violations": found,
    }  # fmt: skip


def violations(page: "Page") -> int:
    """By all rules of axe, once nothing fades in any more."""
    page.wait_for_timeout(REST_MS)
    return len(page.evaluate("axe.run()")["violations"])


def reached(value: float, sign: str, wanted: float) -> bool:
    if sign == "=":
        return value == wanted
    return value <= wanted if sign == "<=" else abs(value - wanted) <= 0.1 * wanted


def show(result: dict[str, Any], console: Console) -> None:
    table = Table("measure", "value", "wanted", "")
    for name, (sign, wanted) in WANTED.items():
        mark = "[green]✓[/]" if reached(result[name], sign, wanted) else "[red]missed[/]"
        table.add_row(name, f"{result[name]:.1f}", f"{sign} {wanted:g}", mark)
    console.print(table)


def main(write: Annotated[bool, typer.Option(help="write reports/web.json")] = True) -> None:
    console, about = Console(), machine()
    result: dict[str, Any] = {}
    with fresh_stack(NAMES) as ports:
        for part in (widget, overhead, open_streams, limiter, steady_load):
            console.print(f"… {part.__name__.replace('_', ' ')}")
            result |= part(ports)
    result |= {"rate_wanted_per_s": RATE, "seconds": SECONDS, "machine": about}
    rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in result.items()}
    if write:
        REPORT.write_text(json.dumps(rounded, indent=1) + "\n")
    show(rounded, console)
    console.print(f"written: {REPORT.relative_to(ROOT)}" if write else "nothing written")


if __name__ == "__main__":
    typer.run(main)
