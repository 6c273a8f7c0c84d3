"""The retrieval service (port 6000).

    uvicorn knowledge.api:app --host 127.0.0.1 --port 6000

`POST /search` finds passages and the reviewed answer, `POST /corrections/sync` takes up what operators have just
written, `POST /faqs/{id}/used` counts a use, `POST /reload` takes up a new index, `GET /health` says what serves,
`GET /metrics` is for Prometheus.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, FastAPI, Request, Response
from pydantic import Field
from sqlalchemy import Engine

from contracts.database import open_engine
from contracts.http import install_errors, install_metrics
from contracts.wire import MAX_PASSAGES, SearchRequest, SearchResponse, Source, Wire
from knowledge.embedding import Embedder
from knowledge.index import current_version, load
from knowledge.match import Match
from knowledge.reviewed import Corrections
from knowledge.search import Fusion, Searcher
from knowledge.settings import settings
from knowledge.store.faqs import record_use


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    config = settings()
    embedder = Embedder(config.embedding_dir, config.embedding_threads)
    app.state.engine = open_engine(config.database_url)
    app.state.embedder = embedder
    app.state.searcher = Searcher(load(config.index_dir), embedder, Fusion.load())
    corrections = app.state.corrections = Corrections(app.state.engine, embedder, Match.load())
    corrections.watch(config.corrections_poll_seconds)
    yield
    corrections.close()
    app.state.engine.dispose()


app = FastAPI(title="Frontdesk knowledge", lifespan=_lifespan)
install_errors(app)
install_metrics(app, "knowledge")


@app.get("/health")
def health(request: Request) -> dict[str, str | int]:
    index = request.app.state.searcher.index
    return {
        "status": "ready",
        "index_version": index.version,
        "passages": len(index.passages),
        "corrections": len(request.app.state.corrections.snapshot),
        "embedding_model": index.embedding_model,
    }


@app.post("/search", response_model=SearchResponse)
def search(body: SearchRequest, request: Request) -> Response:
    searcher: Searcher = request.app.state.searcher
    found = searcher.search(body, request.app.state.corrections.nearest)
    # Written out as it is: our own answer needs no second check.
    return Response(found.model_dump_json(), media_type="application/json")


@app.post("/corrections/sync")
def sync_corrections(request: Request) -> dict[str, int]:
    """What was written before this call is answerable after it."""
    corrections: Corrections = request.app.state.corrections
    corrections.refresh()
    return {"corrections": len(corrections.snapshot)}


class SourceIds(Wire):
    ids: Annotated[tuple[str, ...], Field(max_length=MAX_PASSAGES)]


@app.post("/sources")
def sources(body: SourceIds, request: Request) -> tuple[Source, ...]:
    """Those of the named passages that are in the index, for the operators' picker."""
    searcher: Searcher = request.app.state.searcher
    wanted = set(body.ids)
    return tuple(passage.as_source() for passage in searcher.index.passages if passage.id in wanted)


@app.post("/faqs/{faq_id}/used", status_code=202)
def used(faq_id: str, request: Request, later: BackgroundTasks) -> None:
    engine: Engine = request.app.state.engine
    later.add_task(record_use, engine, faq_id)


@app.post("/reload")
def reload(request: Request) -> dict[str, str]:
    """Load the current index beside the old one, then switch: requests in flight keep the index they began with."""
    state, folder = request.app.state, settings().index_dir
    if current_version(folder) != state.searcher.index.version:
        state.searcher = Searcher(load(folder), state.embedder, Fusion.load())
    return {"index_version": state.searcher.index.version}
