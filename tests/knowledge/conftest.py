"""What the tests of retrieval share: the real embedding model, and a small index built with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.database import open_engine
from contracts.wire import Audience, SearchRequest, SearchResponse
from knowledge.embedding import Embedder
from knowledge.index import load
from knowledge.search import Fusion, Searcher
from knowledge.settings import ROOT
from knowledge.sync import sync
from tests.knowledge.samples import faq, page, ticket, write_faqs, write_pages, write_tickets

MODEL = ROOT / "models" / "base" / "minilm-int8"


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder(MODEL)


@dataclass(frozen=True)
class SmallKnowledge:
    """Where a small knowledge base lies: its sources, its database, its index."""

    sources: Path
    database_url: str
    index: Path


@pytest.fixture(scope="session")
def small_knowledge(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> SmallKnowledge:
    """A dozen passages on passwords, logs, prices, printers and a staff-only page, read and indexed once."""
    home = tmp_path_factory.mktemp("small-knowledge")
    write_faqs(
        home / "sources" / "faqs",
        [
            faq(1, question="I forgot my password. How do I get back in?", asked=["can't log in any more"]),
            faq(
                2,
                question="What does HL-2203 mean?",
                answer="A proxy inspects TLS; exempt our hosts.",
                product="desktop",
            ),
            faq(3, question="How much is Solo?", answer="Solo costs €6 a month.", product="billing"),
        ],
    )
    logs = (
        "<h2>Windows</h2><p>Windows logs are in LOCALAPPDATA.</p>"
        "<h2>Linux</h2><p>Linux logs are in the state folder.</p>"
    )
    write_pages(
        home / "sources" / "pages",
        [
            page(10, logs, title="Where the log files are"),
            page(11, "<p>The staff escalation password for the vault room is kept by Maren.</p>",
                 title="Staff only", labels=("audience-internal", "product-account")),
            page(12, "<p>Seeding drives hold 8 TB and cost €99.</p>", title="Seeding drives",
                 labels=("audience-public", "product-backup")),
        ],
    )  # fmt: skip
    write_tickets(home / "sources" / "tickets", [ticket(1)])
    url = f"sqlite:///{home}/frontdesk.db"
    engine = open_engine(url)
    sync(engine, home / "sources", embedder, home / "index")
    engine.dispose()
    return SmallKnowledge(home / "sources", url, home / "index")


@pytest.fixture(scope="session")
def searcher(small_knowledge: SmallKnowledge, embedder: Embedder) -> Searcher:
    return Searcher(load(small_knowledge.index), embedder, Fusion.load())


@pytest.fixture(scope="session")
def find(searcher: Searcher) -> Callable[..., SearchResponse]:
    """`find("question", k=…, products=…)` searches the small index as a customer would."""
    return lambda question, **filters: searcher.search(SearchRequest(question=question, **filters))


@pytest.fixture(scope="session")
def internal_ids(searcher: Searcher) -> set[str]:
    return {p.id for p in searcher.index.passages if p.audience is Audience.INTERNAL}


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    """200 sentences of support English, from the sample company's own texts."""
    from knowledge.connectors import faqs, pages

    readings = [
        faqs.read(ROOT / "knowledge" / "sources" / "faqs"),
        pages.read(ROOT / "knowledge" / "sources" / "pages"),
    ]
    texts = [p.text for reading in readings for document in reading.documents for p in document.passages]
    found = dict.fromkeys(s for text in texts for s in re.split(r"(?<=[.!?])\s+", text) if len(s) > 20)
    return list(found)[:: max(1, len(found) // 200)][:200]
