"""The retrieval service, started as it is in production and asked over HTTP."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from contracts.database import open_engine
from contracts.tables import FaqRow
from contracts.wire import Problem, SearchResponse
from knowledge.embedding import Embedder
from knowledge.settings import settings
from knowledge.sync import sync
from tests.knowledge.conftest import SmallKnowledge
from tests.knowledge.samples import faq, write_faqs


@dataclass(frozen=True)
class Service:
    """A running service with knowledge of its own."""

    client: httpx.Client
    engine: Engine
    sources: Path
    index: Path


@pytest.fixture(scope="module")
def service(
    small_knowledge: SmallKnowledge, serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("service")
    shutil.copytree(small_knowledge.index.parent, home, dirs_exist_ok=True)
    url = f"sqlite:///{home}/frontdesk.db"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", url)
        environment.setenv("INDEX_DIR", str(home / "index"))
        settings.cache_clear()
        from knowledge.api import app

        engine = open_engine(url)
        with httpx.Client(base_url=serve(app), timeout=10) as client:
            yield Service(client, engine, home / "sources", home / "index")
        engine.dispose()
    settings.cache_clear()


def test_health_says_what_serves(service: Service) -> None:
    health = service.client.get("/health").json()
    assert health["status"] == "ready"
    assert health["passages"] > 0


def test_a_search_gives_passages_in_the_agreed_shape(service: Service) -> None:
    response = service.client.post("/search", json={"question": "what does solo cost", "k": 2})
    found = SearchResponse.model_validate_json(response.content)
    assert (response.status_code, found.passages[0].id) == (200, "faq:faq-3")


@pytest.mark.parametrize(
    "body", [{}, {"question": ""}, {"question": "x", "k": 99}, {"question": "x", "audience": "all"}]
)
def test_a_wrong_search_is_refused_with_a_problem(service: Service, body: dict[str, object]) -> None:
    response = service.client.post("/search", json=body)
    assert response.status_code == 422
    assert Problem.model_validate_json(response.content).code == "bad_request"


def test_a_customer_gets_no_internal_passage_over_http(service: Service, internal_ids: set[str]) -> None:
    response = service.client.post("/search", json={"question": "staff escalation password vault room", "k": 20})
    assert internal_ids.isdisjoint(passage["id"] for passage in response.json()["passages"])


def _uses(service: Service, number: str) -> int:
    with Session(service.engine) as session:
        return session.get_one(FaqRow, number).uses


def test_a_use_is_counted(service: Service) -> None:
    assert service.client.post("/faqs/faq:faq-3/used").status_code == 202
    until = time.monotonic() + 5  # it is counted after the answer is sent
    while _uses(service, "faq:faq-3") == 0 and time.monotonic() < until:
        time.sleep(0.02)
    assert _uses(service, "faq:faq-3") == 1


def test_a_use_of_an_unknown_faq_breaks_nothing(service: Service) -> None:
    assert service.client.post("/faqs/faq:never/used").status_code == 202
    assert service.client.get("/health").status_code == 200


def test_a_reload_of_the_same_index_keeps_it(service: Service) -> None:
    before = service.client.get("/health").json()["index_version"]
    assert service.client.post("/reload").json() == {"index_version": before}


def test_a_damaged_index_is_refused_and_the_old_one_serves_on(service: Service) -> None:
    pointer = service.index / "CURRENT"
    current = pointer.read_text()
    pointer.write_text("k0000000000")
    refused = service.client.post("/reload")
    assert (refused.status_code, refused.json()["code"]) == (500, "misconfigured")
    assert service.client.post("/search", json={"question": "logs"}).status_code == 200
    pointer.write_text(current)


def test_new_knowledge_is_found_after_a_reload(service: Service, embedder: Embedder) -> None:
    write_faqs(
        service.sources / "faqs", [faq(77, question="Is there a parrot mode?", answer="Yes, squawk.")], "new.yaml"
    )
    report = sync(service.engine, service.sources, embedder, service.index)
    assert service.client.post("/reload").json() == {"index_version": report.index_version}
    found = service.client.post("/search", json={"question": "parrot mode"}).json()["passages"]
    assert found[0]["id"] == "faq:faq-77"


def test_requests_are_counted_for_prometheus(service: Service) -> None:
    service.client.get("/health")
    metrics = service.client.get("/metrics").text
    assert 'frontdesk_requests_total{process="knowledge",route="/health",status="200"}' in metrics
