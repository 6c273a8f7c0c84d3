"""`frontdesk doctor slack`."""

import asyncio

import typer
from rich.console import Console

from gateway.settings import SlackSettings
from gateway.slack.doctor import examine

app = typer.Typer(no_args_is_help=True, help="Look for what is wrong, and say what to do.")


@app.callback()
def doctor() -> None:
    """Look for what is wrong, and say what to do."""


@app.command()
def slack() -> None:
    """Token, scopes, clock, channels, user groups. Exit status 1 when something is missing."""
    console, findings = Console(soft_wrap=True), asyncio.run(examine(SlackSettings()))
    for finding in findings:
        line = f"{'✓' if finding.fine else '✗'} {finding.text}"
        console.print(line, style=None if finding.fine else "bold", markup=False, highlight=False)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)
