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


class Embedder:
    """Text to vectors of length 1: `encode(["…", "…"])` → float32 [texts, dimension]."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        for name in ("model.onnx", "tokenizer.json", "config.json"):
            if not (folder / name).is_file():
                raise Misconfigured(
                    f"The embedding model is incomplete: {folder / name} is missing. "
                    "Fetch the file from version control, or make it with python -m knowledge.export_embedding."
                )
        try:
            self._load(folder, threads)
        except Exception as error:  # tokenizers raises plain Exception, onnxruntime classes of its own
            raise Misconfigured(f"The embedding model in {folder} is damaged ({type(error).__name__}).") from error

    def _load(self, folder: Path, threads: int) -> None:
        card = json.loads((folder / "config.json").read_text())
        self.name: str = card["model"]
        self.dimension: int = card["dimension"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(card["max_tokens"])
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One text at a time: the model scales its int8 activations by batch, so neighbours would change a vector.

        On a CPU a batch is no faster.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._encode_one(text)
        return vectors

    def _encode_one(self, text: str) -> Vectors:
        encoding = self._tokenizer.encode(text)
        feed = {
            "input_ids": np.array([encoding.ids], dtype=np.int64),
            "attention_mask": np.array([encoding.attention_mask], dtype=np.int64),
            "token_type_ids": np.array([encoding.type_ids], dtype=np.int64),
        }
        vector: Vectors = self._session.run(["embedding"], feed)[0][0]
        return vector
