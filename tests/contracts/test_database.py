"""Opening a database: what is understood, what is refused, how SQLite is prepared."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from contracts.database import open_engine
from contracts.errors import Misconfigured


@pytest.mark.parametrize(
    "url", ["", "frontdesk.db", "nonsense://host/name", "postgresql+nothing://host/name", "mysql://h/n"]
)
def test_an_address_that_cannot_be_used_is_misconfigured(url: str) -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL"):
        open_engine(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_uses_psycopg(scheme: str) -> None:
    engine = open_engine(f"{scheme}://user:secret@127.0.0.1:1/name")
    assert engine.url.drivername == "postgresql+psycopg"
    assert engine.url.password == "secret"


def test_a_wrong_address_is_told_without_its_password() -> None:
    with pytest.raises(Misconfigured) as caught:
        open_engine("nonsense://user:hunter2@host/name")
    assert "hunter2" not in str(caught.value)


def test_opening_an_engine_connects_to_nothing(tmp_path: Path) -> None:
    open_engine(f"sqlite:///{tmp_path}/deep/down/frontdesk.db")
    assert (tmp_path / "deep" / "down").is_dir()
    assert not (tmp_path / "deep" / "down" / "frontdesk.db").exists()


def test_sqlite_readers_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/frontdesk.db")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    engine.dispose()


def test_both_databases_answer(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        assert connection.scalar(text("SELECT 6 * 7")) == 42
