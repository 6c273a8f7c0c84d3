"""The shipped model, converted once where `make up` looks for it too, and small folders of a GPT-2 to break."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from generator.engine import Engine
from generator.export.convert import convert
from generator.settings import Settings

WIDTH = 32


@pytest.fixture(scope="session")
def source() -> Path:
    return Path(Settings().generator_model)


@pytest.fixture(scope="session")
def engine(source: Path) -> Engine:
    folder, _ = convert(source, Settings().generator_dir, "int8")
    return Engine(folder, threads=2)


@pytest.fixture(scope="session")
def tokenizer(source: Path) -> Tokenizer:
    return Tokenizer.from_file(str(source / "tokenizer.json"))


@pytest.fixture
def small_model(tmp_path: Path, source: Path) -> Path:
    """One layer of random weights under the real vocabulary: quick to convert, and ours to spoil."""
    folder = tmp_path / "small"
    folder.mkdir()
    shutil.copy(source / "tokenizer.json", folder)
    config = json.loads((source / "config.json").read_text()) | {"n_layer": 1, "n_head": 2, "n_embd": WIDTH}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(random_weights(config["vocab_size"], config["n_positions"]), folder / "model.safetensors")
    return folder


def random_weights(vocabulary: int, positions: int) -> dict[str, np.ndarray]:
    """The tensors of a GPT-2 with one block; `Conv1D` weights are [inputs, outputs]."""
    shapes: dict[str, tuple[int, ...]] = {
        "wte.weight": (vocabulary, WIDTH), "wpe.weight": (positions, WIDTH),
        "h.0.attn.c_attn.weight": (WIDTH, 3 * WIDTH), "h.0.attn.c_attn.bias": (3 * WIDTH,),
        "h.0.attn.c_proj.weight": (WIDTH, WIDTH), "h.0.attn.c_proj.bias": (WIDTH,),
        "h.0.mlp.c_fc.weight": (WIDTH, 4 * WIDTH), "h.0.mlp.c_fc.bias": (4 * WIDTH,),
        "h.0.mlp.c_proj.weight": (4 * WIDTH, WIDTH), "h.0.mlp.c_proj.bias": (WIDTH,),
    }  # fmt: skip
    for norm in ("h.0.ln_1", "h.0.ln_2", "ln_f"):
        shapes |= {f"{norm}.weight": (WIDTH,), f"{norm}.bias": (WIDTH,)}
    random = np.random.default_rng(7)
    return {f"transformer.{name}": random.normal(size=s).astype(np.float32) for name, s in shapes.items()}
