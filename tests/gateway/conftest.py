"""A real gateway on a real port, before a Rasa that we play and a migrated SQLite file."""

import gc
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.database import open_engine
from contracts.tables import AnswerRow
from gateway.api import create_app
from gateway.settings import settings
from knowledge.store.migrate import migrate
from tests.gateway.fake_rasa import FakeRasa

TURN_SECONDS = 1.0
SECRET = "a-secret-of-these-tests-0123456789-abcdef"
OPERATOR = "the-operators-token-of-these-tests-0123456789"


class Gateway:
    """A running gateway: its address, its Rasa and its database."""

    def __init__(self, address: str, rasa: FakeRasa, database_url: str) -> None:
        self.address, self.rasa, self.database_url = address, rasa, database_url

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """A new visitor in a conversation of his own, who waits for his replies."""
        headers = {"Prefer": "wait"}
        with httpx.Client(base_url=self.address, timeout=30, trust_env=False, headers=headers) as client:
            client.post("/chat/v1/session", json={}).raise_for_status()
            yield client

    def ask(self, text: str) -> httpx.Response:
        with self.browser() as browser:
            return browser.post("/chat/v1/messages", json={"text": text})

    def stored(self, turn: str) -> AnswerRow | None:
        engine = open_engine(self.database_url)
        with Session(engine) as session:
            row = session.scalar(select(AnswerRow).where(AnswerRow.turn_id == turn))
        engine.dispose()
        return row

    def counted(self, metric: str, **labels: str) -> float:
        """The value of a counter, summed over the labels that aren't given."""
        lines = httpx.get(f"{self.address}/metrics", trust_env=False).text.splitlines()
        found = (re.fullmatch(rf"{metric}(?:{{(.*)}})? (\S+)", line) for line in lines)
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        return sum(float(one[2]) for one in found if one and all(label in (one[1] or "") for label in wanted))


@contextmanager
def running_gateway(**environment: str) -> Iterator[str]:
    """The gateway with these settings on a free port; stopped at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "SESSION_SECRET": SECRET,
            "OPERATOR_TOKEN": OPERATOR,
            "TURN_SECONDS": str(TURN_SECONDS),
            **environment,
        }.items():
            patch.setenv(name, value)
        settings.cache_clear()
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        server = uvicorn.Server(uvicorn.Config(create_app(settings()), log_level="critical", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the gateway did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=15)
    settings.cache_clear()
    gc.unfreeze()  # a gateway freezes what is loaded, which in our one process is the garbage of others too
    gc.collect()


@pytest.fixture(scope="module")
def rasa() -> Iterator[FakeRasa]:
    server = FakeRasa()
    yield server
    server.stop()


def migrated(folder: Path) -> str:
    url = f"sqlite:///{folder}/frontdesk.db"
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="module")
def gateway(rasa: FakeRasa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for the tests of a module."""
    url = migrated(tmp_path_factory.mktemp("gateway"))
    with running_gateway(RASA_URL=rasa.address, DATABASE_URL=url) as address:
        yield Gateway(address, rasa, url)


@pytest.fixture
def start_gateway(rasa: FakeRasa, tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """`start_gateway(NAME="value", …)`: a gateway with settings of its own, one at a time."""
    with ExitStack() as running:

        def start(**environment: Any) -> Gateway:
            url = environment.get("DATABASE_URL") or migrated(tmp_path)
            given = {"RASA_URL": rasa.address, "DATABASE_URL": url} | environment
            return Gateway(running.enter_context(running_gateway(**given)), rasa, url)

        yield start


@pytest.fixture
def question() -> str:
    """A question that no other test asks."""
    return f"how do I restore file {uuid4().hex[:12]}"
