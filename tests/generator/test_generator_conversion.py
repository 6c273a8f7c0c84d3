"""Conversion: the numbers of the original, once per weights, and a sentence naming what is wrong with a folder."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from tokenizers import Tokenizer

from contracts.errors import Misconfigured
from generator.engine import Engine
from generator.export.convert import convert
from generator.model_folder import resolve_model
from generator.prompt import ANSWER, CONTEXT, QUESTION

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

Logits = Callable[[list[str]], np.ndarray]
FACTS = {
    "How much is the Solo plan?": "The Solo plan costs €6 a month and holds 2 TB.",
    "How long are deleted files kept?": "Deleted files are kept for 90 days on the Family plan.",
    "Does it work on Linux?": "The Linux client runs on Ubuntu 22.04 and later. It has no graphical window.",
    "Can I share a folder?": "Open the folder on the web, choose Share, and enter the e-mail address of your guest.",
    "What does HL-2203 mean?": "HL-2203 means that a firewall inspects the connection.",
    "Who has the key to my vault?": "Only you have it: we can't read a vault, and we can't reset its passphrase.",
}


def prompts(tokenizer: Tokenizer) -> Iterator[list[str]]:
    for question, passage in FACTS.items():
        asked = tokenizer.encode(question).tokens
        yield [QUESTION, *asked, CONTEXT, *tokenizer.encode(passage).tokens, QUESTION, *asked, ANSWER]


@pytest.fixture(scope="module")
def original(source: Path, tokenizer: Tokenizer) -> Logits:
    """The float32 model of transformers: tokens of a prompt → log-probabilities [tokens, vocabulary]."""
    model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32).eval()

    def run(tokens: list[str]) -> np.ndarray:
        with torch.inference_mode():
            logits = model(torch.tensor([[tokenizer.token_to_id(token) for token in tokens]])).logits[0]
        return np.asarray(torch.log_softmax(logits, -1).numpy())

    return run


def converted(folder: Path) -> Logits:
    generator = ctranslate2.Generator(str(folder), device="cpu", intra_threads=2)
    return lambda tokens: np.array(generator.forward_batch([tokens], return_log_probs=True))[0]


def test_float32_has_the_log_probabilities_of_transformers(
    source: Path, tokenizer: Tokenizer, original: Logits, tmp_path: Path
) -> None:
    ours = converted(convert(source, tmp_path, "float32")[0])
    for tokens in prompts(tokenizer):
        np.testing.assert_allclose(ours(tokens), original(tokens), atol=2e-3)


def test_int8_has_the_top_token_of_transformers(engine: Engine, tokenizer: Tokenizer, original: Logits) -> None:
    ours = converted(engine_folder(engine))
    for tokens in prompts(tokenizer):
        mine, theirs = ours(tokens)[-1], original(tokens)[-1]
        assert mine.argmax() == theirs.argmax()
        assert abs(mine.max() - theirs.max()) < 0.15


def engine_folder(engine: Engine) -> Path:
    from generator.settings import Settings

    return Settings().generator_dir / engine.version


def test_a_second_conversion_does_nothing(small_model: Path, tmp_path: Path) -> None:
    folder, first = convert(small_model, tmp_path / "out", "int8")
    written = (folder / "model.bin").stat().st_mtime_ns
    assert (first, convert(small_model, tmp_path / "out", "int8")) == (True, (folder, False))
    assert (folder / "model.bin").stat().st_mtime_ns == written


@pytest.mark.parametrize("left", ["{version}.part", "{version}"])
def test_an_interrupted_conversion_is_repeated(small_model: Path, tmp_path: Path, left: str) -> None:
    version = convert(small_model, tmp_path / "first", "int8")[0].name
    half = tmp_path / "out" / left.format(version=version)
    half.mkdir(parents=True)
    (half / "vocabulary.json").write_text("[")
    folder, done = convert(small_model, tmp_path / "out", "int8")
    assert done
    assert json.loads((folder / "vocabulary.json").read_text())
    assert [path.name for path in folder.parent.iterdir()] == [version]


def test_other_weights_and_another_number_type_get_another_name(small_model: Path, tmp_path: Path) -> None:
    first = convert(small_model, tmp_path / "out", "int8")[0]
    other_type = convert(small_model, tmp_path / "out", "float32")[0]
    config = json.loads((small_model / "config.json").read_text())
    (small_model / "config.json").write_text(json.dumps(config, indent=2))
    assert len({first, other_type, convert(small_model, tmp_path / "out", "int8")[0]}) == 3


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(small_model: Path, tmp_path: Path, name: str) -> None:
    (small_model / name).unlink()
    with pytest.raises(Misconfigured, match=name):
        convert(small_model, tmp_path / "out", "int8")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.99])
def test_a_truncated_file_is_named_and_leaves_no_model(
    small_model: Path, tmp_path: Path, name: str, part: float
) -> None:
    content = (small_model / name).read_bytes()
    (small_model / name).write_bytes(content[: int(len(content) * part)])
    with pytest.raises(Misconfigured, match=name):
        convert(small_model, tmp_path / "out", "int8")
    assert not list((tmp_path / "out").rglob("model.bin"))


def change_config(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def test_a_vocabulary_of_another_model_is_named(small_model: Path, tmp_path: Path) -> None:
    change_config(small_model, vocab_size=50_257)
    with pytest.raises(Misconfigured, match=r"tokenizer\.json has 16384 tokens, the model wants 50257"):
        convert(small_model, tmp_path / "out", "int8")


def test_a_layer_that_the_weights_lack_is_named(small_model: Path, tmp_path: Path) -> None:
    change_config(small_model, n_layer=2)
    with pytest.raises(Misconfigured, match=r"model\.safetensors.*h\.1"):
        convert(small_model, tmp_path / "out", "int8")


@pytest.mark.parametrize("setting", ["n_layer", "n_positions", "vocab_size", "eos_token_id"])
def test_a_setting_that_the_configuration_lacks_is_named(small_model: Path, tmp_path: Path, setting: str) -> None:
    change_config(small_model, **{setting: None})
    with pytest.raises(Misconfigured, match=rf"config\.json.*{setting}"):
        convert(small_model, tmp_path / "out", "int8")


def test_a_model_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no-such-model"):
        resolve_model(str(tmp_path / "no-such-model"))


def test_the_engine_names_a_converted_folder_that_it_cannot_load(small_model: Path, tmp_path: Path) -> None:
    folder, _ = convert(small_model, tmp_path / "out", "int8")
    (folder / "model.bin").write_bytes(b"")
    with pytest.raises(Misconfigured, match=folder.name):
        Engine(folder, threads=1)
