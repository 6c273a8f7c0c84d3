"""The int8 embedding artefact: as good as the float model it came from, and honest when a file is missing."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from contracts.errors import Misconfigured
from knowledge.embedding import Embedder
from tests.knowledge.conftest import MODEL


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")  # of transformers and torch
def test_int8_vectors_point_where_the_float_model_points(embedder: Embedder, sentences: list[str]) -> None:
    from knowledge.export_embedding import load_original

    original = load_original(embedder.name).encode(sentences, normalize_embeddings=True, show_progress_bar=False)
    cosines = (embedder.encode(sentences) * original).sum(axis=1)  # [sentences]
    assert len(set(sentences)) == 200
    assert cosines.min() > 0.98, sentences[int(cosines.argmin())]


def test_every_vector_has_length_one(embedder: Embedder) -> None:
    vectors = embedder.encode(["", "?", "word", "é 文 🎉", "long " * 2_000])
    assert vectors.shape == (5, embedder.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_a_text_has_one_vector_whatever_stands_beside_it(embedder: Embedder, sentences: list[str]) -> None:
    together = embedder.encode(sentences[:40])
    alone = np.vstack([embedder.encode([sentence]) for sentence in sentences[:40]])
    assert np.array_equal(together, alone)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, embedder.dimension)


def test_near_meanings_are_near(embedder: Embedder) -> None:
    question, near, far = embedder.encode(
        ["How do I get my money back?", "Refunds are paid within 30 days.", "The log files are in the home folder."]
    )
    assert question @ near > question @ far + 0.2


def test_threads_share_an_embedder(embedder: Embedder, sentences: list[str]) -> None:
    alone = embedder.encode(sentences[:1])
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda _: embedder.encode(sentences[:1]), range(32)))
    assert all(np.array_equal(alone, vectors) for vectors in together)


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    for name in {"tokenizer.json", "config.json"} - {missing}:
        shutil.copy(MODEL / name, tmp_path / name)
    if missing != "model.onnx":
        (tmp_path / "model.onnx").touch()
    with pytest.raises(Misconfigured, match=f"{missing} is missing"):
        Embedder(tmp_path)


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_damaged_file_is_misconfigured(tmp_path: Path, damaged: str) -> None:
    for name in ("model.onnx", "tokenizer.json", "config.json"):
        shutil.copy(MODEL / name, tmp_path / name)
    (tmp_path / damaged).write_bytes((MODEL / damaged).read_bytes()[:40])
    with pytest.raises(Misconfigured, match=str(tmp_path)):
        Embedder(tmp_path)
