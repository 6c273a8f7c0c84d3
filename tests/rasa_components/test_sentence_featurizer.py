"""The featurizer against the real artefact in models/base/minilm-int8."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from rasa_components.sentence_featurizer import MAX_TOKENS, MODEL_FILE, TOKENIZER_FILE, SentenceFeaturizer

ARTEFACT = Path(__file__).parents[2] / "models/base/minilm-int8"


def config(**options: Any) -> dict[str, Any]:
    return {**SentenceFeaturizer.get_default_config(), "alias": "sentence", "model_dir": str(ARTEFACT), **options}


def featurizer(**options: Any) -> SentenceFeaturizer:
    return SentenceFeaturizer(config(**options), "sentence")


def sentence_vector(message: Message) -> NDArray[np.float32]:
    _, sentence = message.get_dense_features(TEXT)
    assert sentence is not None
    return np.asarray(sentence.features, dtype=np.float32)


def cosine(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def test_a_message_gets_one_vector_as_long_as_the_scale() -> None:
    (message,) = featurizer(scale=5.0).process([Message({TEXT: "how do I restore one file?"})])
    assert sentence_vector(message).shape == (1, 384)
    assert np.linalg.norm(sentence_vector(message)) == pytest.approx(5.0, abs=1e-3)


def test_only_sentence_features_are_added() -> None:
    (message,) = featurizer().process([Message({TEXT: "hello"})])
    sequence, _ = message.get_dense_features(TEXT)
    assert sequence is None


def test_a_paraphrase_is_nearer_than_another_subject() -> None:
    asked, paraphrase, other = featurizer().embed(
        ["how do I get a deleted file back?", "can I recover something I removed?", "which credit cards do you take?"]
    )
    assert cosine(asked, paraphrase) > cosine(asked, other) + 0.2


def test_a_vector_hardly_depends_on_its_batch() -> None:
    texts = ["hi", "open a ticket please", "my backup has been stuck at 43 percent since yesterday morning"]
    component = featurizer()
    for text, in_batch in zip(texts, component.embed(texts), strict=True):
        assert cosine(component.embed([text])[0], in_batch) > 0.98


def test_training_data_is_featurized_in_place_and_in_its_order() -> None:
    examples = [Message({TEXT: f"question number {number}" + " again" * (number % 3)}) for number in range(5)]
    data = featurizer(batch_size=2).process_training_data(TrainingData(examples))
    vectors = [sentence_vector(example)[0] for example in data.training_examples]
    assert len(vectors) == 5
    assert cosine(vectors[3], featurizer().embed(["question number 3"])[0]) > 0.98


def test_a_message_without_text_is_left_alone() -> None:
    (message,) = featurizer().process([Message({"intent": "greet"})])
    assert message.features == []


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01", "🙂", "x" * 5_000, "word " * 2_000])
def test_odd_text_gets_a_finite_vector(text: str) -> None:
    (message,) = featurizer().process([Message({TEXT: text})])
    assert np.isfinite(sentence_vector(message)).all()


def test_long_text_is_cut() -> None:
    component = featurizer()
    long, longer = component.embed(["word " * MAX_TOKENS, "word " * 10 * MAX_TOKENS])
    assert cosine(long, longer) > 0.999


@pytest.mark.parametrize("missing", [MODEL_FILE, TOKENIZER_FILE])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    copy_artefact(tmp_path, without=missing)
    with pytest.raises(InvalidConfigException, match=str(tmp_path / missing)):
        featurizer(model_dir=str(tmp_path))


@pytest.mark.parametrize("option", ["batch_size", "threads", "scale"])
def test_an_option_that_is_not_positive_is_named(option: str) -> None:
    with pytest.raises(InvalidConfigException, match=option):
        featurizer(**{option: 0})


def test_the_fingerprint_follows_the_artefact(tmp_path: Path) -> None:
    copy_artefact(tmp_path)
    before = SentenceFeaturizer.fingerprint_addon(config(model_dir=str(tmp_path)))
    assert before == SentenceFeaturizer.fingerprint_addon(config())
    (tmp_path / TOKENIZER_FILE).write_text("{}")
    assert before != SentenceFeaturizer.fingerprint_addon(config(model_dir=str(tmp_path)))


def copy_artefact(folder: Path, without: str = "") -> None:
    files: list[str] = [MODEL_FILE, TOKENIZER_FILE]
    for file in files:
        if file != without:
            shutil.copy(ARTEFACT / file, folder / file)
