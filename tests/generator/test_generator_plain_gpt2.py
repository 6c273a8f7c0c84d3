"""A GPT-2 that was never taught our control tokens, as `openai-community/gpt2` is."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from contracts.wire import DraftPassage
from generator.engine import Engine
from generator.export.convert import convert
from generator.prompt import CONTROL, END, build_prompt
from generator.settings import Settings

PASSAGES = [DraftPassage(id="a", text="Solo costs six euro a month."), DraftPassage(id="b", text="Team costs nine.")]


@pytest.fixture
def plain_model(tmp_path: Path) -> Path:
    """The shipped weights with the control tokens renamed away: the vocabulary knows only the end of a text."""
    source, folder = Path(Settings().generator_model), tmp_path / "plain"
    shutil.copytree(source, folder)
    text = json.loads((folder / "tokenizer.json").read_text())
    renamed = {token: f"Ġunused{number}" for number, token in enumerate(CONTROL) if token != END}
    text["added_tokens"] = [entry for entry in text["added_tokens"] if entry["content"] == END]
    text["model"]["vocab"] = {renamed.get(token, token): index for token, index in text["model"]["vocab"].items()}
    known = set(text["model"]["vocab"].values()) | {entry["id"] for entry in text["added_tokens"]}
    text["model"]["vocab"] |= {
        name: CONTROL.index(old) for old, name in renamed.items() if CONTROL.index(old) not in known
    }
    (folder / "tokenizer.json").write_text(json.dumps(text))
    weights = load_file(folder / "model.safetensors")
    save_file({name: np.asarray(array) for name, array in weights.items()}, folder / "model.safetensors")
    return folder


def test_a_prompt_without_control_tokens_is_written_in_words(plain_model: Path) -> None:
    tokenizer = Tokenizer.from_file(str(plain_model / "tokenizer.json"))
    prompt = build_prompt(tokenizer, "How much is Solo?", PASSAGES, 200)
    said = tokenizer.decode([tokenizer.token_to_id(token) for token in prompt.tokens])
    assert said.endswith("Question: How much is Solo?\n\nAnswer:")
    assert prompt.passages == ("a", "b")


def test_a_gpt2_without_control_tokens_drafts(plain_model: Path, tmp_path: Path) -> None:
    folder, _ = convert(plain_model, tmp_path / "out", "int8")
    engine = Engine(folder, threads=2)
    made = engine.generate(build_prompt(engine.tokenizer, "How much is Solo?", PASSAGES, 200).tokens, max_tokens=8)
    assert made.no_answer == 0.0
    assert made.tokens > 0
