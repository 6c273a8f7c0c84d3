"""Sentence embeddings from the int8 ONNX artefact that `knowledge.export_embedding` made."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from contracts.errors import Misconfigured

Vectors = npt.NDArray[np.float32]
BATCH = 32


class Embedder:
    """Text to vectors of length 1: `encode(["…", "…"])` → float32 [texts, dimension]."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        for name in ("model.onnx", "tokenizer.json", "config.json"):
            if not (folder / name).is_file():
                raise Misconfigured(
                    f"The embedding model is incomplete: {folder / name} is missing. "
                    "Fetch the file from version control, or make it with python -m knowledge.export_embedding."
                )
        card = json.loads((folder / "config.json").read_text())
        self.name: str = card["model"]
        self.dimension: int = card["dimension"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(card["max_tokens"])
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Texts of similar length share a batch, so that little is computed on padding."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            vectors[rows] = self._encode_batch([texts[i] for i in rows])
        return vectors

    def _encode_batch(self, texts: list[str]) -> Vectors:
        encodings = self._tokenizer.encode_batch(texts)
        feed = {
            "input_ids": np.array([e.ids for e in encodings], dtype=np.int64),
            "attention_mask": np.array([e.attention_mask for e in encodings], dtype=np.int64),
            "token_type_ids": np.array([e.type_ids for e in encodings], dtype=np.int64),
        }
        vectors: Vectors = self._session.run(["embedding"], feed)[0]
        return vectors
