"""Reviewed answers over HTTP: what an operator commits is answerable within seconds, told or not."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from contracts.database import open_engine
from contracts.wire import SearchResponse
from knowledge.settings import settings
from tests.knowledge.conftest import SmallKnowledge
from tests.knowledge.corrections import SOURCE, correct, retire

PERIOD = 0.3


@dataclass(frozen=True)
class Service:
    client: httpx.Client
    engine: Engine

    def reviewed(self, question: str, **more: Any) -> dict[str, Any] | None:
        response = self.client.post("/search", json={"question": question, **more})
        SearchResponse.model_validate_json(response.content)
        found: dict[str, Any] | None = response.json()["reviewed"]
        return found

    def sync(self) -> httpx.Response:
        return self.client.post("/corrections/sync")


@pytest.fixture(scope="module", params=[60.0, PERIOD], ids=["told", "by-poll"])
def service(
    request: pytest.FixtureRequest,
    small_knowledge: SmallKnowledge,
    serve: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    home: Path = tmp_path_factory.mktemp("reviewed")
    shutil.copytree(small_knowledge.index.parent, home, dirs_exist_ok=True)
    url = f"sqlite:///{home}/frontdesk.db"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", url)
        environment.setenv("INDEX_DIR", str(home / "index"))
        environment.setenv("CORRECTIONS_POLL_SECONDS", str(request.param))
        settings.cache_clear()
        from knowledge.api import app

        engine = open_engine(url)
        with httpx.Client(base_url=serve(app), timeout=10) as client:
            yield Service(client, engine)
        engine.dispose()
    settings.cache_clear()


def told(service: Service) -> bool:
    return settings().corrections_poll_seconds > PERIOD


def learn(service: Service) -> None:
    """As the gateway does after a decision; or wait until the service has looked by itself."""
    if told(service):
        assert service.sync().is_success
    else:
        time.sleep(PERIOD * 3)


def test_a_correction_is_answerable_at_once_and_gone_when_undone(service: Service) -> None:
    id = correct(service.engine, "How do I feed the parrot?", "With seeds.", sources=[SOURCE])
    learn(service)
    found = service.reviewed("how can I feed the parrot")
    assert found is not None and (found["id"], found["text"]) == (id, "With seeds.")
    assert [source["id"] for source in found["sources"]] == ["page:10"]
    retire(service.engine, id)
    learn(service)
    assert service.reviewed("how can I feed the parrot") is None


def test_a_follow_up_finds_the_correction_to_the_joined_question(service: Service) -> None:
    before = "How long does the parrot sleep on Windows?"
    joined = service.client.post("/search", json={"question": "and on Linux?", "previous_question": before})
    id = correct(service.engine, joined.json()["question"])
    learn(service)
    found = service.reviewed("and on Linux?", previous_question=before)
    assert found is not None and (found["id"], found["score"] > 0.7) == (id, True)


def test_customers_do_not_get_what_staff_get(service: Service) -> None:
    correct(service.engine, "Where is the parrot's spare key?", audience="internal")
    learn(service)
    assert service.reviewed("where is the parrot's spare key") is None
    assert service.reviewed("where is the parrot's spare key", audience="internal") is not None


def test_the_health_counts_them_and_the_answer_to_sync_too(service: Service) -> None:
    correct(service.engine, "Can the parrot count?")
    learn(service)
    live = service.client.get("/health").json()["corrections"]
    assert live >= 1 and service.sync().json() == {"corrections": live}


def test_without_the_table_a_sync_is_refused_and_searches_go_on(service: Service) -> None:
    correct(service.engine, "Does the parrot bite?")
    learn(service)
    with service.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE corrections RENAME TO elsewhere")
    try:
        assert (service.sync().status_code, service.sync().json()["code"]) == (503, "unavailable")
        assert service.reviewed("does the parrot bite") is not None
    finally:
        with service.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO corrections")
    assert service.sync().is_success


def test_a_question_of_4000_characters_is_searched(service: Service) -> None:
    began = time.monotonic()
    service.reviewed(("parrot feed seeds vault " * 200)[:4_000])
    assert time.monotonic() - began < 1
