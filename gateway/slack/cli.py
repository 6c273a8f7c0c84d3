"""`frontdesk doctor slack`."""

import asyncio

import typer
from rich.console import Console

from gateway.settings import settings
from gateway.slack.doctor import examine

app = typer.Typer(no_args_is_help=True, help="Look for what is wrong, and say what to do.")


@app.callback()
def doctor() -> None:
    """Look for what is wrong, and say what to do."""


@app.command()
def slack() -> None:
    """Token, scopes, clock, channels. Exit status 1 when something is missing."""
    console, findings = Console(soft_wrap=True), asyncio.run(examine(settings()))
    for finding in findings:
        console.print(f"{'✓' if finding.fine else '✗'} {finding.text}", style=None if finding.fine else "bold")
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)
