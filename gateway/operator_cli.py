"""`frontdesk conversations`: see who wants a person, join, write, leave."""

import os
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from contracts.errors import BadRequest, Misconfigured, NeighbourDown
from contracts.wire import Problem
from gateway.chat_models import History, WithPeople
from gateway.cli import default_server

app = typer.Typer(no_args_is_help=True)
SECONDS = 10.0
NOBODY = "Nobody wants a person right now."

Id = Annotated[str, typer.Argument(help="as `frontdesk conversations waiting` shows it")]


@app.command()
def waiting(as_json: Annotated[bool, typer.Option("--json", help="print JSON for programs")] = False) -> None:
    """Conversations that want or have a person, the longest waiting first."""
    response = call("GET", "")
    if as_json:
        print(response.text)
        return
    found = WithPeople.model_validate_json(response.content).conversations
    if not found:
        print(NOBODY)
        return
    table = Table("conversation", "state", "person", "for")
    for one in found:
        minutes = (datetime.now(UTC) - one.since).total_seconds() / 60
        table.add_row(one.id, one.person.state, one.person.name or "", f"{minutes:.0f} min")
    Console().print(table)


@app.command()
def show(id: Id) -> None:
    """The last 50 messages of a conversation."""
    for message in History.model_validate_json(call("GET", f"/{id}/messages").content).messages:
        who = message.name or message.author
        print(f"{message.at:%H:%M} {who}: {message.text}")


@app.command()
def join(id: Id, name: Annotated[str, typer.Option(help="the name that the customer sees")]) -> None:
    """Be the person in a conversation; the assistant is silent there until you leave."""
    call("POST", f"/{id}/join", {"name": name})
    print(f'You are in. Write with: frontdesk conversations say {id} "…"')


@app.command()
def say(id: Id, text: Annotated[str, typer.Argument(help="what the customer will read")]) -> None:
    """Write to the customer."""
    call("POST", f"/{id}/say", {"text": text})


@app.command()
def leave(id: Id) -> None:
    """Leave the conversation to the assistant again."""
    call("POST", f"/{id}/leave")


def call(method: str, path: str, body: Any = None) -> httpx.Response:
    """Raises Misconfigured without a token, NeighbourDown without a server, BadRequest with the server's reason."""
    token = os.environ.get("OPERATOR_TOKEN")
    if not token:
        raise Misconfigured("OPERATOR_TOKEN is missing. `make up` makes one under var/, or set it in .env.")
    url = f"{default_server()}/operator/v1/conversations{path}"
    try:
        response = httpx.request(
            method, url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS, trust_env=False
        )
    except httpx.HTTPError as error:
        raise NeighbourDown(f"Nothing answers at {default_server()}. Start it with: make up") from error
    if response.is_error:
        raise BadRequest(_reason(response))
    return response


def _reason(response: httpx.Response) -> str:
    try:
        return Problem.model_validate_json(response.content).message
    except ValidationError:
        return f"The gateway refused with status {response.status_code}."
