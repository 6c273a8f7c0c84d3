"""One way to make a database engine, for every process that reads or writes the tables."""

from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from contracts.errors import Misconfigured

BUSY_MS = 5_000


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`. Connects on first use, not here.

    SQLite gets a write-ahead log, so that readers never wait for the one writer.
    Raises Misconfigured when the address can't be understood.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except (ArgumentError, ImportError) as error:  # no address, or one of a database without a driver here
        raise Misconfigured(
            "DATABASE_URL can't be read; write sqlite:///path/to/file.db or postgresql://user:password@host/name."
        ) from error
    if parsed.get_backend_name() != "sqlite":
        return engine
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection, _record) -> None:  # type: ignore[no-untyped-def]
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
