"""Fixtures that tests of every folder share: databases, and a real HTTP server around an ASGI app.

Databases come in two kinds, SQLite and PostgreSQL; a test that asks for `database_url` or `engine` runs on both,
each time on a database of its own. The PostgreSQL server is started for the session and thrown away after it.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import uvicorn
from sqlalchemy import Engine

from contracts.database import open_engine
from knowledge.store.migrate import migrate

pytest_plugins = ["tests.town"]

POSTGRES_USER = "postgres"
POSTGRES_START_SECONDS = 60

# A shared machine may be slow: no deadline for a single example. In CI the examples are the same every time.
hypothesis.settings.register_profile(
    "frontdesk", deadline=None, max_examples=80, derandomize=os.environ.get("CI") == "true"
)
hypothesis.settings.load_profile("frontdesk")


def _missing(what: str) -> None:
    """Skip for a person, fail in CI: a test that never runs there protects nothing."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def _postgres_program(name: str) -> str:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: float(f.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))
    if found is None:
        _missing("PostgreSQL is needed for this test: apt-get install postgresql")
    return str(found)


def _as_postgres(*command: str) -> None:
    """PostgreSQL refuses to run as root; give it the unprivileged user that its package made."""
    prefix = ("runuser", "-u", POSTGRES_USER, "--") if os.geteuid() == 0 else ()
    subprocess.run([*prefix, *command], check=True, capture_output=True, timeout=POSTGRES_START_SECONDS, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a throwaway PostgreSQL server, without a database name."""
    initdb, pg_ctl = _postgres_program("initdb"), _postgres_program("pg_ctl")
    home = Path(tempfile.mkdtemp(prefix="frontdesk-postgres-"))
    if os.geteuid() == 0:
        os.chown(home, pwd.getpwnam(POSTGRES_USER).pw_uid, -1)
    data, log, port = str(home / "data"), str(home / "log"), _free_port()
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
    try:
        _as_postgres(initdb, "-D", data, "-U", "frontdesk", "-A", "trust", "-E", "UTF8", "--no-sync")
        _as_postgres(pg_ctl, "-D", data, "-l", log, "-w", "-o", options, "start")
        yield f"postgresql://frontdesk@127.0.0.1:{port}"
        _as_postgres(pg_ctl, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty PostgreSQL database for one test."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"{postgres_server}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database for one test, once as SQLite file and once in PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/frontdesk.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def empty_engine(database_url: str) -> Iterator[Engine]:
    """An engine on a database without tables."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    """An engine on a database with all tables and no rows."""
    migrate(empty_engine)
    return empty_engine


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Any], str]]:
    """`serve(app)` runs an ASGI app, lifespan included, on a free port and gives its address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started:
            assert thread.is_alive(), "the app did not start"
            time.sleep(0.01)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=10)
