"""Convert a GPT-2 folder to CTranslate2, reading its safetensors with numpy: no torch needed.

    python -m generator.export.convert

Layout of a GPT-2 block: https://huggingface.co/docs/transformers/model_doc/gpt2. Its `Conv1D` weights are
[inputs, outputs]; CTranslate2 wants [outputs, inputs].
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ctranslate2.specs import common_spec, transformer_spec
from safetensors import SafetensorError, safe_open

from contracts.errors import Misconfigured
from generator.settings import settings

WEIGHTS = "model.safetensors"
NEEDED = ("config.json", WEIGHTS, "tokenizer.json")
FORMAT = 1
Array = npt.NDArray[np.float32]


def convert(source: Path, folder: Path, compute: str) -> tuple[Path, bool]:
    """Write `folder/<version>/` unless it is there; returns it and whether work was done.

    The version is made of the weights' SHA-256 and the number type. Raises Misconfigured naming a bad file.
    """
    for name in NEEDED:
        if not (source / name).is_file():
            raise Misconfigured(f"The model folder {source} is incomplete: {name} is missing.")
    version = f"{source.name}-{compute}-{_digest(source)}"
    target = folder / version
    if (target / "model.bin").is_file():
        return target, False
    scratch = target.with_name(target.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    config = json.loads((source / "config.json").read_text())
    tokens = _vocabulary(source / "tokenizer.json", config["vocab_size"])
    spec = _build_spec(source / WEIGHTS, config, tokens)
    spec.validate()
    spec.optimize(quantization=compute)
    spec.save(str(scratch))
    shutil.copy(source / "tokenizer.json", scratch)
    limits = {"context": config["n_positions"], "version": version}
    (scratch / "frontdesk.json").write_text(json.dumps(limits) + "\n")
    os.replace(scratch, target)
    return target, True


def _digest(source: Path) -> str:
    digest = hashlib.sha256(f"{FORMAT}".encode())
    for name in NEEDED:
        digest.update((source / name).read_bytes())
    return digest.hexdigest()[:10]


def _vocabulary(path: Path, size: int) -> list[str]:
    model = json.loads(path.read_text(encoding="utf-8"))
    tokens = {index: token for token, index in model["model"]["vocab"].items()}
    tokens |= {entry["id"]: entry["content"] for entry in model["added_tokens"]}
    if sorted(tokens) != list(range(size)):
        raise Misconfigured(f"{path} has {len(tokens)} tokens, the model wants {size}: they don't belong together.")
    return [tokens[i] for i in range(size)]


def _build_spec(path: Path, config: dict[str, int], tokens: list[str]) -> transformer_spec.TransformerDecoderModelSpec:
    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        config["n_layer"], config["n_head"], pre_norm=True, activation=common_spec.Activation.GELUTanh
    )
    try:
        with safe_open(path, framework="numpy") as file:
            prefix = "transformer." if any(key.startswith("transformer.") for key in file.keys()) else ""  # noqa: SIM118
            _fill(spec.decoder, lambda key: file.get_tensor(prefix + key).astype(np.float32), config["n_layer"])
    except (SafetensorError, OSError) as error:
        raise Misconfigured(f"The weights {path} can't be read: {error}") from error
    spec.register_vocabulary(tokens)
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = tokens[int(config["eos_token_id"])]
    return spec


def _fill(decoder, get, layers: int) -> None:  # type: ignore[no-untyped-def]
    decoder.scale_embeddings = False
    decoder.embeddings.weight = get("wte.weight")
    decoder.projection.weight = get("wte.weight")
    decoder.position_encodings.encodings = get("wpe.weight")
    _layer_norm(decoder.layer_norm, get, "ln_f")
    for number, layer in zip(range(layers), decoder.layer, strict=True):
        block = f"h.{number}."
        _layer_norm(layer.self_attention.layer_norm, get, block + "ln_1")
        _linear(layer.self_attention.linear[0], get, block + "attn.c_attn")
        _linear(layer.self_attention.linear[1], get, block + "attn.c_proj")
        _layer_norm(layer.ffn.layer_norm, get, block + "ln_2")
        _linear(layer.ffn.linear_0, get, block + "mlp.c_fc")
        _linear(layer.ffn.linear_1, get, block + "mlp.c_proj")


def _layer_norm(spec, get, key: str) -> None:  # type: ignore[no-untyped-def]
    spec.gamma, spec.beta = get(key + ".weight"), get(key + ".bias")


def _linear(spec, get, key: str) -> None:  # type: ignore[no-untyped-def]
    spec.weight, spec.bias = np.ascontiguousarray(get(key + ".weight").T), get(key + ".bias")


def resolve_model(name: str) -> Path:
    """The folder of a model given by folder or hub name. The hub needs the `train` extra and a network."""
    if Path(name).is_dir():
        return Path(name)
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise Misconfigured(
            f"GENERATOR_MODEL={name} is not a folder; to fetch it from a hub install the train extra first."
        ) from error
    return Path(snapshot_download(name, allow_patterns=["config.json", "model.safetensors", "tokenizer.json"]))


if __name__ == "__main__":
    config = settings()
    folder, done = convert(resolve_model(config.generator_model), config.generator_dir, config.generator_compute)
    print(f"{folder.name} {'converted' if done else 'was there already'}")
