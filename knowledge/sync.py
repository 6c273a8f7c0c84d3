"""Read every source folder into the store and build the index: the embedded way to keep the knowledge current.

python -m knowledge.sync
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from knowledge.connectors import faqs, pages, tickets
from knowledge.connectors.report import Reading
from knowledge.embedding import Embedder
from knowledge.index import Progress, build
from knowledge.store.ingest import Changes, ingest
from knowledge.store.migrate import migrate

CONNECTORS: dict[str, Callable[[Path], Reading]] = {"faqs": faqs.read, "pages": pages.read, "tickets": tickets.read}


@dataclass(frozen=True)
class SyncReport:
    changes: tuple[Changes, ...]
    index_version: str
    index_built: bool


def sync(
    engine: Engine, sources: Path, embedder: Embedder, index: Path, progress: Progress | None = None
) -> SyncReport:
    """Migrate, ingest each folder that exists below `sources`, index. Each step may be repeated at will."""
    migrate(engine)
    changes = tuple(
        ingest(engine, read(sources / name)) for name, read in CONNECTORS.items() if (sources / name).is_dir()
    )
    version, built = build(engine, embedder, index, progress)
    return SyncReport(changes, version, built)
