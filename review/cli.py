"""`frontdesk review`: the review queue and what follows from it, for people and (`--json`) for programs."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from contracts.database import open_engine
from contracts.errors import Unavailable
from review.cards import Card
from review.digest import Digest, digest_of
from review.estimate import Counted, Estimate, estimate_quality
from review.export import export_feedback
from review.gaps import Gap, find_gaps
from review.queue import Reviews
from review.report import SECONDS, Checked, State, check_gateway, check_knowledge, live_corrections
from review.settings import settings

app = typer.Typer(help="What operators reviewed, and what follows from it.", no_args_is_help=True)
EMPTY = "Nothing waits for a review."
SETTLED = timedelta(minutes=10)  # younger answers may not have been looked at

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for programs")]
Days = Annotated[float, typer.Option(min=0.01, help="answers of so many days")]


@app.callback()
def review() -> None:
    """What operators reviewed, and what follows from it."""


@app.command()
def queue(limit: Annotated[int, typer.Option(min=1)] = 50, as_json: AsJson = False) -> None:
    """Cards that wait for a decision, the oldest first."""
    with database() as engine:
        cards = Reviews(engine, settings().params()).undecided(limit)
    if as_json:
        print_json([card_as_json(card) for card in cards])
    elif not cards:
        print(EMPTY)
    else:
        Console().print(cards_table(cards, datetime.now(UTC)))


@app.command()
def report(
    days: Days = 30.0,
    through_gateway: Annotated[bool, typer.Option("--gateway", help="ask the whole assistant, as a customer")] = False,
    as_json: AsJson = False,
) -> None:
    """Is what was corrected still answered right, and how good are the answers? Exit status 1 when one is not."""
    config, until = settings(), datetime.now(UTC) - SETTLED
    with database() as engine:
        corrections = live_corrections(engine)
        estimate = estimate_quality(engine, config.params(), until - timedelta(days=days), until)
    with httpx.Client(base_url=config.knowledge_url, timeout=SECONDS, trust_env=False) as knowledge:
        check = check_knowledge(knowledge, config.reviewed_threshold())
        if through_gateway:
            check = check_gateway(f"http://127.0.0.1:{config.gateway_port}", check)
        checked = [check(one) for one in corrections]
    if as_json:
        print_json({"corrections": [one.as_json() for one in checked], "estimate": estimate.as_json()})
    else:
        console = Console()
        if checked:
            console.print(corrections_table(checked))
        for line in (*correction_lines(checked), *estimate_lines(estimate)):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    if any(one.state is not State.RIGHT for one in checked):
        raise typer.Exit(1)


@app.command()
def export(as_json: AsJson = False) -> None:
    """Write verdicts, corrections and regression questions to datasets/feedback."""
    folder = settings().feedback_dir
    with database() as engine:
        done = export_feedback(engine, folder)
    if as_json:
        print_json({**vars(done), "folder": str(folder)})
    else:
        print(f"{done.verdicts} verdicts, {done.corrections} corrections, {done.regression} regression questions")
        print(f"in {folder}")


@app.command()
def gaps(as_json: AsJson = False) -> None:
    """Find questions that the knowledge doesn't answer; meant to run every night, may run at any time."""
    with database() as engine:
        found = find_gaps(engine, settings().params(), datetime.now(UTC))
    if as_json:
        print_json([gap.as_json() for gap in found])
    elif not found:
        print("No gaps: every kind of question that was asked more than once has an answer.")
    else:
        Console().print(gaps_table(found))


@app.command()
def digest(
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="in UTC; by default today")] = None,
    as_json: AsJson = False,
) -> None:
    """One day of the queue in numbers."""
    with database() as engine:
        found = digest_of(engine, day.date() if day else datetime.now(UTC).date())
    if as_json:
        print_json(found.as_json())
    else:
        print("\n".join(digest_lines(found, datetime.now(UTC))))


@contextmanager
def database() -> Iterator[Engine]:
    """Raises Unavailable when it can't be read, or was never set up."""
    engine = open_engine(settings().database_url)
    try:
        yield engine
    except SQLAlchemyError as error:
        raise Unavailable(f"The database can't be used ({type(error).__name__}). Set it up with: make up") from error
    finally:
        engine.dispose()


def print_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=1))


def card_as_json(card: Card) -> dict[str, Any]:
    return {
        "id": card.id, "turn_id": card.turn_id, "channel": card.channel, "lane": card.lane, "reasons": card.reasons,
        "state": card.state, "claimed_by": card.claimed_by, "created_at": card.created_at.isoformat(),
        "question": card.question, "text": card.text, "decision": card.decision,
    }  # fmt: skip


def cards_table(cards: Sequence[Card], at: datetime) -> Table:
    table = Table("card", "age", "lane", "reasons", "question", "who has it")
    for card in cards:
        reasons = ", ".join(reason.value for reason in card.reasons)
        table.add_row(
            str(card.id), age(at - card.created_at), card.lane, reasons, escape(card.question), card.claimed_by or ""
        )
    return table


def corrections_table(checked: Sequence[Checked]) -> Table:
    table = Table("question", "state", "since", "lane")
    for one in checked:
        said = one.correction
        table.add_row(escape(said.question), one.state.sign, f"{said.since:%Y-%m-%d}", said.lane or "")
    return table


def correction_lines(checked: Sequence[Checked]) -> list[str]:
    right = sum(one.state is State.RIGHT for one in checked)
    return [f"{right} of {len(checked)} corrections are answered right." if checked else "No corrections yet."]


def estimate_lines(estimate: Estimate) -> list[str]:
    """Quality from the sample; the risk lane and the check of the sampling for themselves."""
    lines = [f"Answers from {estimate.since:%Y-%m-%d} to {estimate.until:%Y-%m-%d}, by the sample alone:"]
    lines += [f"  {line}" for line in (quality("all turns", estimate.sample),)]
    lines += [f"  {quality(decision, counted)}" for decision, counted in estimate.by_decision.items()]
    kinds = ", ".join(f"{count} {kind}" for kind, count in estimate.risk.by_kind.items()) or "no cards"
    lines.append(f"Risk lane (says nothing about all answers): {kinds}.")
    check = estimate.sampling
    share = "none" if check.share is None else f"{check.share:.4f}"
    lines.append(
        f"Sampling: {check.in_sample} of {check.turns} turns ({share}; wanted {check.rate:g}, "
        f"99 % of the time {check.low:.4f} to {check.high:.4f})"
        + (f", {check.without_card} of them without a card" if check.without_card else "")
        + (": fine." if check.fine else ": OFF.")
    )
    return lines


def quality(name: str, counted: Counted) -> str:
    share = counted.right
    low, high = share.wilson()
    said = "nothing judged yet" if share.value is None else f"{share.value:.3f} right, 95 % {low:.3f} to {high:.3f}"
    others = {kind: n for kind, n in counted.by_kind.items() if kind in ("take_over", "undecided") and n}
    left = "".join(f", {n} {kind.replace('_', ' ')}" for kind, n in others.items())
    return f"{name}: {said} ({share.hits} of {share.of}{left})"


def gaps_table(found: Sequence[Gap]) -> Table:
    table = Table("asked", "before", "question", "nearest page", "state")
    for gap in found:
        page = escape(gap.nearest_title or "none")
        table.add_row(str(gap.count), str(gap.count_before), escape(gap.question), page, gap.state)
    return table


def digest_lines(found: Digest, at: datetime) -> list[str]:
    lines = [
        f"{found.day}: opened {counts(found.opened)}; decided {counts(found.decided)}"
        + (f", {found.undone} taken back" if found.undone else "")
    ]
    if found.median_hours is not None and found.p90_hours is not None:
        lines.append(f"Hours to a decision: median {found.median_hours:.1f}, nine of ten within {found.p90_hours:.1f}")
    oldest = ""
    if found.oldest_open_since is not None:
        oldest = f"; the oldest is card {found.oldest_open}, {age(at - found.oldest_open_since)} old"
    return [*lines, f"{found.open} wait{'s' if found.open == 1 else ''} for a decision{oldest}"]


def counts(by: dict[str, int]) -> str:
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in by.items())
    return f"{sum(by.values())} ({said})" if by else "0"


def age(since: timedelta) -> str:
    minutes = since.total_seconds() / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 2 * 24 * 60 else f"{minutes / 60 / 24:.0f} d"
