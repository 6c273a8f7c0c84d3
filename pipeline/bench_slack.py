"""The Slack channel under load, as customers and operators meet it; writes `reports/slack.json`.

    make bench-slack
    python -m pipeline.bench_slack --events 300 --seconds 5 --no-write

A stack of its own on free ports in a Slack of its own (`tests/fakes/slack`, without rate limits): questions at a steady
rate, then many more while Slack sends twice, in disorder and again and its Web API fails now and then; what became of
each question, the cards of the sample, a correction until a customer gets it, and claims with many cards open. Each
figure stands beside what it has to reach; the exit status is 1 when one doesn't.
"""

import json
import math
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from contracts.database import open_engine
from knowledge.settings import ROOT
from pipeline import slack_count as count
from pipeline.bench import machine, percentile
from pipeline.slack_count import Post, Question, Shown, figure
from pipeline.slack_load import UNACKNOWLEDGED_MS
from pipeline.stack import fresh_stack, process_on
from review.intervals import expected_interval
from review.settings import ReviewParams
from review.settings import settings as review_settings

REPORT = ROOT / "reports" / "slack.json"
NAMES = ("gateway", "rasa", "actions", "knowledge", "generator")
SLOWEST_PER_S = 5  # the backlog is given up when it is worked off more slowly
LOOK_SECONDS, CARD_SECONDS = 2.0, 120.0
PRESSES = 200
CORRECTED = "The harbour office keeps the spare key; ask for Marlene at the front door."
ACK_MS, CLAIM_MS, LIVE_SECONDS = 300, 300, 10
TUNED = ("TURN_SECONDS", "TURNS_AT_ONCE", "WAITING_IN_ALL", "WAITING_PER_CONVERSATION", "BURST_SECONDS")
NONE_TO_CORRECT = "No card was there to correct."
Json = dict[str, Any]


class SlackProcess:
    """`pipeline.slack_load`, for a town that will ask so many questions."""

    def __init__(self, questions: int) -> None:
        command = [sys.executable, "-m", "pipeline.slack_load", str(questions)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        self.pid = self._process.pid
        self.settings: dict[str, str] = self._read()

    def order(self, do: str, **arguments: object) -> Json:
        """Raises RuntimeError when the process has died; it says why on its standard error."""
        assert self._process.stdin is not None
        print(json.dumps({"do": do, **arguments}), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> Json:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The process of the load has ended.")
        answer: Json = json.loads(line)
        return answer

    def __enter__(self) -> "SlackProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()  # it keeps nothing, and may be in the middle of an order
        self._process.communicate()


def questions_answered(
    slack: SlackProcess, engine: Engine, events: int, seconds: float, rate: float, lose: int, patience: float
) -> Json:
    """Ask calmly, then in disorder; wait until all that came is worked off; count."""
    calm = slack.order("say", count=int(rate * seconds), rate=rate)
    slack.order("disturb", lose=lose)
    storm = slack.order("say", count=events, rate=rate)
    began = time.monotonic()
    quiet = wait_for(partial(is_quiet, slack, engine), patience)
    backlog = time.monotonic() - began
    asked = [Question(*one) for one in slack.order("asked")["asked"]]
    posts = [Post(*one) for one in slack.order("posts")["posts"]]
    counted = count.count_answers(asked, count.turns_of_questions(engine), posts, count.answered_turns(engine))
    seconds_in_all = max((float(post.ts) for post in posts), default=math.inf) - float(asked[0].ts)
    return {
        "ack_p99_ms": figure(percentile(calm["acknowledged_ms"], 0.99), "<=", ACK_MS),
        "events": events,
        "answered_exactly_once": figure(counted["answered_exactly_once"], "=", len(asked)),
        **{name: figure(counted[name], "=", 0) for name in ("apologies", "unanswered", "doubled")},
        "load": {
            "calm": about_load(calm), "disturbed": about_load(storm), "questions": len(asked),
            "worked_off": quiet, "backlog_s": round(backlog, 1), "answers_per_s": round(len(posts) / seconds_in_all, 1),
            "left_waiting": count.waiting(engine), **slack.order("state"),
        },
    }  # fmt: skip


def about_load(said: Json) -> Json:
    """How it went to say all this: the load's own lateness, and how fast it was acknowledged."""
    return {
        "questions_per_s": round(len(said["late_ms"]) / said["seconds"], 1), "late_ms": count.spread(said["late_ms"]),
        "acknowledged_ms": count.spread(said["acknowledged_ms"]),
        "slowest_acknowledged_ms": round(max(said["acknowledged_ms"], default=0.0), 1),
        "not_acknowledged_at_first": sum(ms >= UNACKNOWLEDGED_MS for ms in said["acknowledged_ms"]),
    }  # fmt: skip


def is_quiet(slack: SlackProcess, engine: Engine) -> bool:
    """Nothing is on its way to the gateway, in its inbox or in its outbox."""
    return bool(slack.order("state")["settled"]) and not any(count.waiting(engine).values())


def cards_shown(slack: SlackProcess, engine: Engine, params: ReviewParams) -> Json:
    """The cards in the review channel against the sampling rule over all turns."""
    sampled, turns = count.sampled_turns(engine, params.channels, params.sample_rate)

    def shown() -> list[Shown]:
        return [Shown(*one) for one in slack.order("cards")["cards"]]

    wait_for(lambda: not count.count_cards(sampled, shown())["cards_missing"] and is_quiet(slack, engine), CARD_SECONDS)
    cards = shown()
    counted = count.count_cards(sampled, cards)
    rate = len({card.turn for card in cards if card.lane == count.SAMPLE}) / turns if turns else None
    low, high = expected_interval(params.sample_rate, turns)
    return {
        "cards_missing": figure(counted["cards_missing"], "=", 0),
        "cards_too_many": figure(counted["cards_too_many"], "=", 0),
        "sampling_rate": figure(rate, "within", low, high),
        "cards": {"turns": turns, "sampled_turns": len(sampled), "shown": len(cards)},
    }


def correction_live(slack: SlackProcess, engine: Engine) -> Json:
    """From the saved form to the first person who gets the operator's words as a reviewed answer."""
    turns = {Shown(*one).turn for one in slack.order("cards")["cards"]}
    chosen = count.correctable(engine, turns)
    if chosen is None:
        return {"correction_live_s": {**figure(None, "<=", LIVE_SECONDS), "why": NONE_TO_CORRECT}}
    live = slack.order("correct", turn=chosen[0], question=chosen[1], answer=CORRECTED)
    if live["seconds"] is None:
        return {"correction_live_s": {**figure(None, "<=", LIVE_SECONDS), "why": live["why"]}}
    decision = count.decision_of(engine, live["key"])
    if decision != "reviewed":
        why = f"The answer came after {live['seconds']:.1f} seconds, but as {decision}, not as reviewed."
        return {"correction_live_s": {**figure(None, "<=", LIVE_SECONDS), "why": why}}
    return {"correction_live_s": figure(live["seconds"], "<=", LIVE_SECONDS)}


def claims(slack: SlackProcess, engine: Engine, wanted: int, conversation: str, params: ReviewParams) -> Json:
    """How long an operator waits for the form of a card, with so many open; answers are added where cards are short."""
    missing = wanted - count.open_cards(engine)
    if missing > 0:
        count.add_sampled_answers(engine, conversation, missing, params.sample_rate)
        wait_for(lambda: count.open_cards(engine) >= wanted and is_quiet(slack, engine), CARD_SECONDS)
    there = count.open_cards(engine)
    claimed = slack.order("claim", presses=PRESSES)
    return {
        "claim_p95_ms": figure(percentile(claimed["claimed_ms"], 0.95), "<=", CLAIM_MS),
        "claims_failed": figure(claimed["failed"], "=", 0),
        "open_cards": figure(there, ">=", wanted),
        "claims": {"presses": len(claimed["claimed_ms"]), "added_cards": max(missing, 0),
                   "claimed_ms": count.spread(claimed["claimed_ms"])},
    }  # fmt: skip


def wait_for(happened: Callable[[], bool], seconds: float) -> bool:
    """Whether it happened in time."""
    ends = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > ends:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    used = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    return {name: times.user + times.system for name, times in used.items()}


def measure(slack: SlackProcess, events: int, seconds: float, rate: float, open_cards: int, lose: int) -> Json:
    console, params = Console(), review_settings().params()
    questions = events + int(rate * seconds)
    with tempfile.TemporaryDirectory(prefix="fd-slack-") as folder:
        address = f"sqlite:///{folder}/frontdesk.db"
        others = {"SLACK_APP_TOKEN": "", "SLACK_INTERNAL_CHANNELS": "", "SLACK_REVIEWERS": ""}
        with fresh_stack(NAMES, {**slack.settings, **others, "DATABASE_URL": address}) as ports:
            engine = open_engine(address)
            there = slack.order("connect", url=f"http://127.0.0.1:{ports['gateway']}/slack/events")
            pids = {**{name: process_on(port).pid for name, port in ports.items()}, "load": slack.pid}
            before = cpu_seconds(pids)
            console.print(f"… {questions} questions")
            result = questions_answered(slack, engine, events, seconds, rate, lose, 60 + questions / SLOWEST_PER_S)
            console.print("… cards")
            result |= cards_shown(slack, engine, params)
            used = {name: after - before[name] for name, after in cpu_seconds(pids).items()}
            result["time"] = {
                **count.times(engine),
                "cpu_ms_a_question": {name: round(1000 * one / questions, 1) for name, one in used.items()},
            }
            slack.order("heal")
            console.print("… a correction")
            result |= correction_live(slack, engine)
            console.print("… claims")
            conversation = f"slack-{there['team']}-{there['direct']}-direct"
            result |= claims(slack, engine, open_cards, conversation, params)
            engine.dispose()
    return result


def show(result: Json, console: Console) -> None:
    table = Table("measure", "value", "wanted", "")
    for name, one in figures(result).items():
        value = (
            "none" if one["value"] is None else f"{one['value']:.4g}" if one["value"] < 1000 else f"{one['value']:.0f}"
        )
        table.add_row(name, value, one["target"], "[green]✓[/]" if one["reached"] else "[red]missed[/]")
    console.print(table)
    for name, one in figures(result).items():
        if "why" in one:
            console.print(f"{name}: {one['why']}")


def figures(result: Json) -> Json:
    return {name: one for name, one in result.items() if isinstance(one, dict) and "target" in one}


def flat(result: Json) -> Json:
    """The figures as plain numbers, what was wanted of them in a table of its own."""
    wanted = figures(result)
    values = {name: one["value"] for name, one in wanted.items()}
    return {**result, **values, "targets": {name: one | {"value": values[name]} for name, one in wanted.items()}}


def main(
    events: Annotated[int, typer.Option(min=1, help="questions while Slack misbehaves")] = 10_000,
    seconds: Annotated[float, typer.Option(help="of questions before, while it doesn't")] = 60.0,
    rate: Annotated[float, typer.Option(min=1, help="questions a second")] = 50.0,
    open_cards: Annotated[int, typer.Option(help="cards open while some are claimed")] = 1_000,
    lose: Annotated[int, typer.Option(help="replies that Slack refuses for good, to see that it is noticed")] = 0,
    write: Annotated[bool, typer.Option(help="write reports/slack.json")] = True,
) -> None:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # the stack is to be stopped then too
    console, about = Console(), machine()
    with SlackProcess(events + int(rate * seconds)) as slack:
        result = measure(slack, events, seconds, rate, open_cards, lose)
    result |= {
        "rate_wanted_per_s": rate, "seconds": seconds, "lost_on_purpose": lose, "slack_rate_limits": False,
        "settings_changed": {name: os.environ[name] for name in TUNED if name in os.environ},
        "command": " ".join(["python -m pipeline.bench_slack", *sys.argv[1:]]),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "machine": {**about, "system": platform.release()},
    }  # fmt: skip
    if write:
        REPORT.write_text(json.dumps(flat(result), indent=1) + "\n")
    show(result, console)
    console.print(f"written: {REPORT.relative_to(ROOT)}" if write else "nothing written")
    if not all(one["reached"] for one in figures(result).values()):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
