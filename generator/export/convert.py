"""Convert a GPT-2 folder to CTranslate2, reading its safetensors with numpy: no torch needed.

    python -m generator.export.convert

Layout of a GPT-2 block: https://huggingface.co/docs/transformers/model_doc/gpt2. Its `Conv1D` weights are
[inputs, outputs]; CTranslate2 wants [outputs, inputs].
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2.specs import common_spec, transformer_spec
from safetensors import SafetensorError, safe_open

from contracts.errors import Misconfigured
from generator.model_folder import WEIGHTS, converted_folder, is_converted, resolve_model
from generator.settings import settings

SETTINGS = ("n_layer", "n_head", "n_positions", "vocab_size", "eos_token_id")
Array = npt.NDArray[np.float32]


def convert(source: Path, folder: Path, compute: str) -> tuple[Path, bool]:
    """Write `folder/<version>/` unless it is there; returns it and whether work was done.

    The version is made of the weights' SHA-256 and the number type. Raises Misconfigured naming a bad file.
    """
    target = converted_folder(source, folder, compute)
    if is_converted(target):
        return target, False
    scratch = target.with_name(target.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    config = _config(source / "config.json")
    tokens = _vocabulary(source / "tokenizer.json", config["vocab_size"])
    spec = _build_spec(source / WEIGHTS, config, tokens)
    spec.validate()
    spec.optimize(quantization=compute)
    spec.save(str(scratch))
    shutil.copy(source / "tokenizer.json", scratch)
    limits = {"context": config["n_positions"], "version": target.name}
    (scratch / "frontdesk.json").write_text(json.dumps(limits) + "\n")
    shutil.rmtree(target, ignore_errors=True)  # what is left of a conversion that was deleted in part
    os.replace(scratch, target)
    return target, True


def _config(path: Path) -> dict[str, int]:
    config = _read_json(path)
    missing = [name for name in SETTINGS if not isinstance(config.get(name), int)]
    if missing:
        raise Misconfigured(f"{path} is not the configuration of a GPT-2: {', '.join(missing)} is missing.")
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Misconfigured(f"{path} is damaged ({error}).") from error
    if not isinstance(content, dict):
        raise Misconfigured(f"{path} is damaged: it holds no JSON object.")
    return content


def _vocabulary(path: Path, size: int) -> list[str]:
    model = _read_json(path)
    try:
        tokens = {index: token for token, index in model["model"]["vocab"].items()}
        tokens |= {entry["id"]: entry["content"] for entry in model["added_tokens"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise Misconfigured(f"{path} is not the tokenizer of a GPT-2.") from error
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


if __name__ == "__main__":
    config = settings()
    folder, done = convert(resolve_model(config.generator_model), config.generator_dir, config.generator_compute)
    print(f"{folder.name} {'converted' if done else 'was there already'}")
