"""`frontdesk ask`: one question through the public door, with everything the answer was made of."""

import os
from typing import Annotated

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contracts.errors import BadRequest, NeighbourDown, NeighbourLied
from contracts.wire import ChatReply, Problem

app = typer.Typer()
SECONDS = 30.0


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="what a customer would type")],
    server: Annotated[str | None, typer.Option(help="address of the gateway")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the reply as JSON")] = False,
) -> None:
    """Ask one question and show reply, sources, scores and times."""
    reply = post_question((server or default_server()).rstrip("/"), question)
    if as_json:
        print(reply.model_dump_json(indent=1))
    else:
        show(reply, Console())


def default_server() -> str:
    return f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT', '8080')}"


def post_question(server: str, question: str) -> ChatReply:
    """One question in a conversation of its own.

    Raises NeighbourDown without a server, BadRequest with the server's own reason, NeighbourLied for nonsense.
    """
    try:
        with httpx.Client(base_url=server, timeout=SECONDS, trust_env=False) as visitor:
            visitor.post("/chat/v1/session", json={"transport": "cookie"})
            response = visitor.post("/chat/v1/messages", json={"text": question}, headers={"Prefer": "wait"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NeighbourDown(f"Nothing answers at {server}. Start it with: make up") from error
    try:
        if response.is_error:
            raise BadRequest(Problem.model_validate_json(response.content).message)
        return ChatReply.model_validate_json(response.content)
    except ValidationError as error:
        raise NeighbourLied(f"{server} answered, but it is not a Frontdesk gateway.") from error


def show(reply: ChatReply, console: Console) -> None:
    """Reply, sources with scores, then the times of the stages."""
    console.print(f"\n{reply.text}\n", highlight=False, markup=False)
    for button in reply.buttons:
        console.print(f"  ▸ {button.title}", highlight=False, markup=False)
    evidence = reply.evidence
    if evidence is None:
        console.print(f"{reply.status} · {reply.turn_id} · {reply.total_ms:.0f} ms", style="dim", highlight=False)
        return
    if evidence.sources:
        table = Table("score", "source", "updated", "address", box=None, padding=(0, 2, 0, 0))
        for s in evidence.sources:
            table.add_row(f"{s.score:.2f}", escape(s.title), f"{s.updated_at:%Y-%m-%d}", escape(s.url or s.id))
        console.print(table)
    support = "" if evidence.support is None else f" · support {evidence.support:.2f}"
    times = " · ".join(f"{stage} {ms:.0f}" for stage, ms in evidence.timings_ms.items())
    console.print(
        f"\n{evidence.decision.value}{support} · {reply.turn_id} · {reply.total_ms:.0f} ms ({times})",
        style="dim", highlight=False,
    )  # fmt: skip
