"""Writing corrections as operators' decisions do, for the tests of reviewed answers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, insert, update

from contracts.tables import CorrectionRow, now

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
SOURCE = {"id": "page:10", "title": "Vaults", "url": "https://help/10", "updated_at": START.isoformat()}


def correct(engine: Engine, question: str, answer: str = "Open Settings.", **changes: Any) -> str:
    """Commit a correction; returns its id."""
    at = changes.pop("at", now())
    row = {
        "id": f"fix:{uuid4().hex[:16]}", "question": question, "answer": answer, "sources": [], "audience": "public",
        "operator": "U1", "created_at": at, "changed_at": at,
    } | changes  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(CorrectionRow), row)
    return str(row["id"])


def retire(engine: Engine, id: str, at: datetime | None = None) -> None:
    at = at or now()
    with engine.begin() as connection:
        connection.execute(update(CorrectionRow).where(CorrectionRow.id == id).values(retired_at=at, changed_at=at))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
