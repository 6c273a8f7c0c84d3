"""NLU component: one MiniLM sentence vector per message, from an int8 ONNX artefact, without torch.

    pipeline:
      - name: rasa_components.sentence_featurizer.SentenceFeaturizer
        model_dir: models/base/minilm-int8   # holds model.onnx and tokenizer.json; relative to the project root
        batch_size: 32                       # messages a run while training
        threads: 1                           # of onnxruntime
        scale: 5                             # length of the vector

The model gives vectors of length 1; a linear classifier with Rasa's fixed regularisation hardly hears them beside the
word counts, so `scale` stretches them. Only sentence features are added; DIET and the linear classifiers
take their sequence features from the sparse featurizers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer as RasaTokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from tokenizers import Tokenizer

MODEL_FILE, TOKENIZER_FILE = "model.onnx", "tokenizer.json"
MAX_TOKENS = 128  # the intent of a longer message is clear from its first 128 tokens


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceFeaturizer(DenseFeaturizer, GraphComponent):  # type: ignore[misc]
    """Adds a dense sentence feature of shape [1, dimension] to every message that has text."""

    def __init__(self, config: dict[str, Any], name: str) -> None:
        """Load tokenizer and model; raises InvalidConfigException that names the option or file at fault."""
        super().__init__(name, config)
        self._batch_size = int(config["batch_size"])
        self._scale = float(config["scale"])
        folder = Path(config["model_dir"])
        self._tokenizer = load_tokenizer(folder / TOKENIZER_FILE)
        self._session = load_session(folder / MODEL_FILE, int(config["threads"]))

    @classmethod
    def required_components(cls) -> list[type[Any]]:
        """A tokenizer comes first, as for every Rasa featurizer; this one cuts its own word pieces."""
        return [RasaTokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Packages beside Rasa's own."""
        return ["onnxruntime", "tokenizers"]

    @staticmethod
    def supported_languages() -> list[str]:
        """The language of all-MiniLM-L6-v2."""
        return ["en"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Defaults of the options named at the top of this module."""
        return {
            **DenseFeaturizer.get_default_config(),
            "model_dir": "models/base/minilm-int8",
            "batch_size": 32,
            "threads": 1,
            "scale": 1.0,
        }

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Check the options before anything is loaded; raises InvalidConfigException."""
        for option in ("batch_size", "threads", "scale"):
            if not float(config[option]) > 0:
                raise InvalidConfigException(f"{cls.__name__}: '{option}' must be above 0, not {config[option]}.")
        for file in (MODEL_FILE, TOKENIZER_FILE):
            path = Path(config["model_dir"]) / file
            if not path.is_file():
                raise InvalidConfigException(
                    f"{cls.__name__}: {path} is missing. Set 'model_dir' in config.yml to the folder of the exported "
                    f"embedding model (python -m knowledge.export_embedding writes one)."
                )

    @staticmethod
    def fingerprint_addon(config: dict[str, Any]) -> str:
        """SHA-256 of the artefact: with another model under the same path, Rasa trains again and leaves its cache."""
        digest = hashlib.sha256()
        for file in (MODEL_FILE, TOKENIZER_FILE):
            path = Path(config.get("model_dir", SentenceFeaturizer.get_default_config()["model_dir"])) / file
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceFeaturizer:
        """Rasa's constructor: nothing is stored with the model, so loading is creating."""
        return cls(config, execution_context.node_name)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Featurize all training examples in place."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Featurize messages in place; those without a text (turns of a story) stay as they are."""
        with_text = [message for message in messages if message.get(TEXT) is not None]
        with_text.sort(key=lambda message: len(message.get(TEXT)))  # alike lengths share a batch: less padding
        for start in range(0, len(with_text), self._batch_size):
            batch = with_text[start : start + self._batch_size]
            for message, vector in zip(batch, self.embed([message.get(TEXT) for message in batch]), strict=True):
                message.add_features(
                    Features(vector[np.newaxis], FEATURE_TYPE_SENTENCE, TEXT, self._config[FEATURIZER_CLASS_ALIAS])
                )
        return messages

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Sentence vectors, float32 [texts, dimension], each as long as `scale`."""
        encodings = self._tokenizer.encode_batch(texts)
        inputs = {
            "input_ids": np.array([encoding.ids for encoding in encodings], np.int64),
            "attention_mask": np.array([encoding.attention_mask for encoding in encodings], np.int64),
            "token_type_ids": np.array([encoding.type_ids for encoding in encodings], np.int64),
        }
        (vectors,) = self._session.run(["embedding"], inputs)
        return np.asarray(vectors * self._scale, dtype=np.float32)


def load_tokenizer(path: Path) -> Tokenizer:
    """The word-piece tokenizer, padding to the longest of a batch and cutting at MAX_TOKENS."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    return tokenizer


def load_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """The encoder on `threads` cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
