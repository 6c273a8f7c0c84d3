"""The index: built from the store, named by its content, swapped in one step, refused when damaged."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contracts.database import open_engine
from contracts.errors import Misconfigured
from knowledge.connectors.report import Reading
from knowledge.documents import Document, DocumentPassage
from knowledge.embedding import Embedder
from knowledge.index import build, current_version, load, load_passages, version_of
from knowledge.store.ingest import ingest
from knowledge.store.migrate import migrate
from tests.knowledge.conftest import SmallKnowledge

MOMENT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    yield engine
    engine.dispose()


def fill(store: Engine, *texts: str) -> None:
    documents = [
        Document(
            f"page:{n}", "page", f"Page {n}", "", None, "public", MOMENT, (DocumentPassage(f"page:{n}#intro", text),)
        )
        for n, text in enumerate(texts)
    ]
    ingest(store, Reading("pages", "page", "pages", documents, []))


def test_an_index_holds_what_the_store_holds(store: Engine, embedder: Embedder, tmp_path: Path) -> None:
    fill(store, "Logs are kept 14 days.", "Solo costs six euro.")
    version, built = build(store, embedder, tmp_path / "index")
    index = load(tmp_path / "index")
    assert (index.version, built, index.embedding_model) == (version, True, embedder.name)
    assert [passage.text for passage in index.passages] == ["Logs are kept 14 days.", "Solo costs six euro."]
    assert index.vectors.ntotal == len(index.owners)


def test_both_databases_give_the_same_index(store: Engine, engine: Engine, embedder: Embedder) -> None:
    for database in (store, engine):
        fill(database, "Logs are kept 14 days.", "Größe — 文")
    assert version_of(load_passages(store), embedder.name) == version_of(load_passages(engine), embedder.name)


def test_the_same_knowledge_is_not_built_again(store: Engine, embedder: Embedder, tmp_path: Path) -> None:
    fill(store, "Logs are kept 14 days.")
    first, _ = build(store, embedder, tmp_path)
    synced = load(tmp_path).passages[0].synced_at
    fill(store, "Logs are kept 14 days.")
    assert build(store, embedder, tmp_path) == (first, False)
    assert load(tmp_path).passages[0].synced_at > synced


def test_changed_knowledge_gets_another_version_beside_the_old(
    store: Engine, embedder: Embedder, tmp_path: Path
) -> None:
    fill(store, "Logs are kept 14 days.")
    old, _ = build(store, embedder, tmp_path / "index")
    fill(store, "Logs are kept 30 days.")
    new, built = build(store, embedder, tmp_path / "index")
    assert built
    assert {path.name for path in (tmp_path / "index").iterdir()} == {old, new, "CURRENT"}


def test_going_back_to_old_knowledge_finds_its_index(store: Engine, embedder: Embedder, tmp_path: Path) -> None:
    fill(store, "one")
    first, _ = build(store, embedder, tmp_path)
    fill(store, "two")
    build(store, embedder, tmp_path)
    fill(store, "one")
    assert build(store, embedder, tmp_path) == (first, False)
    assert current_version(tmp_path) == first


def test_progress_is_told_up_to_the_end(store: Engine, embedder: Embedder, tmp_path: Path) -> None:
    fill(store, *(f"text {n}" for n in range(300)))
    told: list[tuple[int, int]] = []
    build(store, embedder, tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(256, 300), (300, 300)]


def test_an_empty_store_is_told_and_leaves_the_old_index(store: Engine, embedder: Embedder, tmp_path: Path) -> None:
    fill(store, "one")
    version, _ = build(store, embedder, tmp_path)
    fill(store)
    with pytest.raises(Misconfigured, match="nothing to index"):
        build(store, embedder, tmp_path)
    assert current_version(tmp_path) == version


def test_an_interrupted_build_leaves_the_old_index_serving(store: Engine, embedder: Embedder, tmp_path: Path) -> None:
    fill(store, "old knowledge")
    old, _ = build(store, embedder, tmp_path)

    def pull_the_plug(done: int, total: int) -> None:
        raise KeyboardInterrupt

    fill(store, "new knowledge")
    with pytest.raises(KeyboardInterrupt):
        build(store, embedder, tmp_path, pull_the_plug)
    assert load(tmp_path).version == old
    assert build(store, embedder, tmp_path)[1] is True
    assert load(tmp_path).passages[0].text == "new knowledge"


def test_an_index_is_complete_before_it_becomes_current(store: Engine, embedder: Embedder, tmp_path: Path) -> None:
    fill(store, "one")
    (tmp_path / "CURRENT.new").mkdir()  # the swap itself fails
    with pytest.raises(OSError, match="CURRENT"):
        build(store, embedder, tmp_path)
    (tmp_path / "CURRENT.new").rmdir()
    version = version_of(load_passages(store), embedder.name)
    (tmp_path / "CURRENT").write_text(version)
    assert load(tmp_path).version == version


def test_no_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="frontdesk kb sync"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["", "k0000000000", "../elsewhere"])
def test_a_pointer_to_nowhere_is_a_damaged_index(tmp_path: Path, content: str) -> None:
    (tmp_path / "CURRENT").write_text(content)
    with pytest.raises(Misconfigured, match="damaged"):
        load(tmp_path)


FILES = ("manifest.json", "synced.json", "passages.jsonl", "owners.npy", "vectors.faiss")
WORD_FILES = ("bm25/params.index.json", "bm25/vocab.index.json", "bm25/data.csc.index.npy", "bm25/indptr.csc.index.npy")


@pytest.mark.parametrize("name", FILES + WORD_FILES)
@pytest.mark.parametrize("left", [None, 0.0, 0.5])
def test_a_damaged_file_is_a_damaged_index(
    small_knowledge: SmallKnowledge, tmp_path: Path, name: str, left: float | None
) -> None:
    shutil.copytree(small_knowledge.index, tmp_path / "index")
    file = tmp_path / "index" / str(current_version(tmp_path / "index")) / name
    content = file.read_bytes()
    file.unlink()
    if left is not None:
        file.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(Misconfigured, match="damaged"):
        load(tmp_path / "index")


def test_an_index_with_a_passage_missing_is_damaged(small_knowledge: SmallKnowledge, tmp_path: Path) -> None:
    shutil.copytree(small_knowledge.index, tmp_path / "index")
    file = tmp_path / "index" / str(current_version(tmp_path / "index")) / "passages.jsonl"
    file.write_text("".join(file.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    with pytest.raises(Misconfigured, match="damaged"):
        load(tmp_path / "index")


@pytest.mark.parametrize("text", ["line\u2028break", "next\u0085line", "form\x0cfeed", "a\n\nb", "\u2029"])
def test_a_passage_may_hold_any_line_break(store: Engine, embedder: Embedder, tmp_path: Path, text: str) -> None:
    fill(store, text, "another")
    build(store, embedder, tmp_path)
    assert load(tmp_path).passages[0].text == text
