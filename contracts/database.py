"""One way to make a database engine, for every process that reads or writes the tables."""

from functools import partial
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from contracts.errors import Misconfigured

PATIENCE_SECONDS = 5.0


def open_engine(url: str, patience_seconds: float = PATIENCE_SECONDS) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`. Connects on first use, not here.

    SQLite gets a write-ahead log, so that readers never wait for the one writer. A lock, and with PostgreSQL also a
    connection, is waited for `patience_seconds` and then an error.
    Raises Misconfigured when the address can't be understood.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(parsed)
        else:
            engine = create_engine(parsed, pool_pre_ping=True, connect_args=_postgres_patience(patience_seconds))
    except (ArgumentError, ImportError) as error:  # no address, or one of a database without a driver here
        raise Misconfigured(
            "DATABASE_URL can't be read; write sqlite:///path/to/file.db or postgresql://user:password@host/name."
        ) from error
    if parsed.get_backend_name() != "sqlite":
        return engine
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    event.listen(engine, "connect", partial(_prepare_sqlite, patience_seconds))
    return engine


def _postgres_patience(seconds: float) -> dict[str, object]:
    """libpq waits at least 2 s for a connection."""
    return {"connect_timeout": max(int(seconds), 2), "options": f"-c lock_timeout={int(seconds * 1000)}"}


def _prepare_sqlite(patience_seconds: float, connection, _record) -> None:  # type: ignore[no-untyped-def]
    cursor = connection.cursor()
    busy = f"busy_timeout={int(patience_seconds * 1000)}"
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", busy):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
