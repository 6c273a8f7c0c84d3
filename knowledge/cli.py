"""`frontdesk kb`: keep the knowledge base."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

app = typer.Typer(help="Keep the knowledge base: read the sources, build the search index.", no_args_is_help=True)


@app.callback()
def kb() -> None:
    """Keep the knowledge base."""


@app.command()
def sync(as_json: Annotated[bool, typer.Option("--json", help="print JSON for programs")] = False) -> None:
    """Read the sources into the store and build the index; what has not changed is left alone."""
    from contracts.database import open_engine
    from knowledge.embedding import Embedder
    from knowledge.settings import settings
    from knowledge.sync import sync as run_sync

    config = settings()
    console = Console(stderr=True, quiet=as_json)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("embedding passages", total=None)
        report = run_sync(
            open_engine(config.database_url),
            config.sources_dir,
            Embedder(config.embedding_dir, threads=0),
            config.index_dir,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    if as_json:
        print(json.dumps(asdict(report)))
        return
    table = Table("source", "added", "changed", "removed", "unchanged", "left out")
    for c in report.changes:
        counts = (len(c.added), len(c.changed), len(c.removed), c.unchanged, len(c.left_out))
        table.add_row(c.source, *map(str, counts))
    Console().print(table)
    for line in (line for c in report.changes for line in c.left_out):
        print(f"left out: {line}")
    print(f"index {report.index_version} {'built' if report.index_built else 'was current already'}")
