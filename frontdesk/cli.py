"""`frontdesk`: one program, a group per folder. Groups are imported when they are used, not before."""

import importlib
import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from contracts.errors import FrontdeskError
from frontdesk.settings import LocalSettings

# Name of the command or group → module and attribute that hold its Typer app.
GROUPS = {
    "ask": ("gateway.cli", "app", "Ask one question and show reply, sources, scores and times."),
    "conversations": ("gateway.operator_cli", "app", "See who wants a person; join, write, leave."),
    "kb": ("knowledge.cli", "app", "Keep the knowledge base."),
    "review": ("review.cli", "app", "What operators reviewed: queue, report, export, gaps, digest."),
    "doctor": ("gateway.slack.cli", "app", "Look for what is wrong with Slack, and say what to do."),
    "up": ("frontdesk.local_cli", "up_app", "Prepare what is missing and start every process."),
    "down": ("frontdesk.local_cli", "down_app", "Stop what `up` started."),
    "status": ("frontdesk.local_cli", "status_app", "Say which processes run and where their logs are."),
    "prepare": ("frontdesk.local_cli", "prepare_app", "Train and index what is missing, start nothing."),
}


class LazyGroups(TyperGroup):
    """Lists every group by name; imports one only when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(GROUPS)

    def get_command(self, ctx: Any, name: str) -> Any:
        if name not in GROUPS:
            return None
        module, attribute, text = GROUPS[name]
        command = typer.main.get_command(getattr(importlib.import_module(module), attribute))
        command.name, command.help, command.short_help = name, command.help or text, text
        return command


app = typer.Typer(cls=LazyGroups, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def frontdesk(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    """Frontdesk, a support assistant that answers from your own knowledge."""
    if version:
        from importlib.metadata import version as version_of

        print(version_of("frontdesk"))
        raise typer.Exit
    for name, value in LocalSettings.read().client_environment().items():
        os.environ.setdefault(name, value)


def main() -> None:
    """Entry point. Errors of the tree are one sentence and exit status 1, never a stack trace."""
    try:
        app()
    except FrontdeskError as error:
        Console(stderr=True).print(f"[bold red]✗[/] {escape(str(error))}", highlight=False)
        sys.exit(1)
