"""The search index: built from the store into `models/index/<version>/`, never changed after, swapped by name.

`vectors.faiss` holds several vectors a passage (its full text, its question and other wordings), `owners.npy` says
which passage each belongs to, `bm25/` the word index, `passages.jsonl` what is shown, `manifest.json` what it is.
`CURRENT` names the version that serves; it is replaced in one step, so a reader never sees half an index.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import faiss
import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from contracts.errors import Misconfigured
from contracts.tables import DocumentRow, PassageRow
from contracts.wire import Passage, PassageKind
from knowledge.embedding import Embedder
from knowledge.words import split_words

FORMAT = 2  # count up when the same knowledge would be written differently
CHUNK = 256
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class StoredPassage:
    """A passage of the index and the texts it is found by."""

    passage: Passage
    prompts: tuple[str, ...]

    @property
    def full_text(self) -> str:
        """What is embedded and indexed: the way to the passage, then the passage."""
        p = self.passage
        way = p.question or " > ".join(part for part in (p.title, p.heading) if part)
        return f"{way}\n{p.text}"


def load_passages(engine: Engine) -> list[StoredPassage]:
    """Everything in the store that can answer, in a stable order."""
    rows = select(PassageRow, DocumentRow).join(DocumentRow).order_by(DocumentRow.id, PassageRow.position)
    with Session(engine) as session:
        return [_stored(passage, document) for passage, document in session.execute(rows)]


def _stored(row: PassageRow, document: DocumentRow) -> StoredPassage:
    passage = Passage(
        id=row.id, kind=PassageKind(document.kind), title=document.title, heading=row.heading, text=row.text,
        question=row.question, url=document.url, source=document.source_id, product=document.product,
        audience=document.audience, updated_at=document.updated_at, synced_at=document.synced_at,
    )  # fmt: skip
    return StoredPassage(passage, tuple(row.prompts))


def version_of(passages: Sequence[StoredPassage], model: str) -> str:
    """The same knowledge and model give the same name; when it was synced doesn't count."""
    digest = hashlib.sha256(f"{FORMAT} {model}".encode())
    for stored in passages:
        digest.update(stored.passage.model_dump_json(exclude={"synced_at"}).encode())
        digest.update("\0".join(stored.prompts).encode())
    return "k" + digest.hexdigest()[:10]


def build(engine: Engine, embedder: Embedder, folder: Path, progress: Progress | None = None) -> tuple[str, bool]:
    """Build the index of what the store holds now and make it current.

    Returns its version and whether anything had to be built. A build that dies leaves the old index serving.
    """
    passages = load_passages(engine)
    if not passages:
        raise Misconfigured("There is nothing to index: the knowledge store is empty. Run: frontdesk kb sync")
    version = version_of(passages, embedder.name)
    target = folder / version
    built = not (target / "manifest.json").is_file()
    if built:
        _write(passages, embedder, target, version, progress)
    _write_synced(passages, target)
    make_current(folder, version)
    return version, built


def make_current(folder: Path, version: str) -> None:
    pointer = folder / "CURRENT.new"
    pointer.write_text(version + "\n")
    os.replace(pointer, folder / "CURRENT")


def current_version(folder: Path) -> str | None:
    pointer = folder / "CURRENT"
    return pointer.read_text().strip() if pointer.is_file() else None


def _write(
    passages: list[StoredPassage], embedder: Embedder, target: Path, version: str, progress: Progress | None
) -> None:
    scratch = target.with_name(target.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    texts = [(owner, text) for owner, p in enumerate(passages) for text in dict.fromkeys((p.full_text, *p.prompts))]
    vectors = faiss.IndexFlatIP(embedder.dimension)
    for start in range(0, len(texts), CHUNK):
        vectors.add(embedder.encode([text for _, text in texts[start : start + CHUNK]]))
        if progress:
            progress(min(start + CHUNK, len(texts)), len(texts))
    faiss.write_index(vectors, str(scratch / "vectors.faiss"))
    np.save(scratch / "owners.npy", np.array([owner for owner, _ in texts], dtype=np.int32))
    words = bm25s.BM25()
    words.index([split_words(" ".join((p.full_text, *p.prompts))) for p in passages], show_progress=False)
    words.save(str(scratch / "bm25"))
    with (scratch / "passages.jsonl").open("w", encoding="utf-8") as file:
        for stored in passages:
            file.write(stored.passage.model_dump_json() + "\n")
    manifest = {"version": version, "format": FORMAT, "passages": len(passages), "vectors": len(texts),
                "embedding_model": embedder.name}  # fmt: skip
    (scratch / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    os.replace(scratch, target)


def _write_synced(passages: list[StoredPassage], target: Path) -> None:
    """When each source was last read changes without the index changing; it lies in a file of its own."""
    synced = {stored.passage.source: stored.passage.synced_at.isoformat() for stored in passages}
    scratch = target / "synced.json.new"
    scratch.write_text(json.dumps(synced))
    os.replace(scratch, target / "synced.json")


@dataclass(frozen=True)
class Index:
    """An index in memory. `vectors` is [vectors, dimension], `owners` maps a vector to its passage."""

    version: str
    embedding_model: str
    passages: tuple[Passage, ...]
    vectors: faiss.Index
    owners: npt.NDArray[np.int32]
    words: bm25s.BM25
    best_of_word: npt.NDArray[np.float32]


def load(folder: Path) -> Index:
    """The current index. Raises Misconfigured when there is none or it is damaged."""
    version = current_version(folder)
    if version is None:
        raise Misconfigured(f"There is no search index in {folder}. Make it with: frontdesk kb sync")
    home = folder / version
    try:
        manifest = json.loads((home / "manifest.json").read_text())
        synced = json.loads((home / "synced.json").read_text())
        # Not splitlines(): a passage may hold U+2028 and its like.
        lines = (home / "passages.jsonl").read_text(encoding="utf-8").strip("\n").split("\n")
        words = bm25s.BM25.load(str(home / "bm25"))
        index = Index(
            version=version,
            embedding_model=manifest["embedding_model"],
            passages=tuple(_with_sync(Passage.model_validate_json(line), synced) for line in lines),
            vectors=faiss.read_index(str(home / "vectors.faiss")),
            owners=np.load(home / "owners.npy"),
            words=words,
            best_of_word=_best_of_word(words),
        )
        sizes = (len(index.passages), index.vectors.ntotal, len(index.owners), words.scores["num_docs"])
        if sizes != (manifest["passages"], manifest["vectors"], manifest["vectors"], manifest["passages"]):
            raise ValueError(f"sizes {sizes} differ from the manifest")
    except (OSError, EOFError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise Misconfigured(
            f"The search index {home} is damaged ({type(error).__name__}). "
            "Delete that folder and run: frontdesk kb sync"
        ) from error
    return index


def _with_sync(passage: Passage, synced: dict[str, str]) -> Passage:
    return Passage.model_validate({**passage.model_dump(), "synced_at": synced[passage.source]})


def _best_of_word(words: bm25s.BM25) -> npt.NDArray[np.float32]:
    """The highest BM25 score that each word of the vocabulary reaches in any passage: [words]."""
    scores, starts = words.scores["data"], words.scores["indptr"]
    return np.maximum.reduceat(np.append(scores, 0.0), starts[:-1]).astype(np.float32)
