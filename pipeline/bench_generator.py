"""Which CPU form of the embedded GPT-2 is fastest? Writes `reports/generator_forms.json`. Needs the test environment.

    .venv/bin/python -m pipeline.bench_generator

The same prompt (about 200 tokens) is continued by 40 tokens in every form, in turns, so that all meet the same noise.
PyTorch stands beside them as the reference.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import psutil
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from contracts.wire import DraftPassage
from generator.export.convert import convert
from generator.prompt import build_prompt
from generator.settings import settings
from knowledge.settings import ROOT

REPORT = ROOT / "reports" / "generator_forms.json"
FORMS = ("int8", "float32")  # this CPU has no fast int16 or bfloat16 in CTranslate2
ANSWER_TOKENS = 40
ROUNDS = 15
Run = Callable[[int], None]  # generate that many tokens


def ctranslate2_form(source: Path, form: str, prompt: list[str]) -> Run:
    folder, _ = convert(source, ROOT / "var" / "forms", form)
    model = ctranslate2.Generator(str(folder), device="cpu", compute_type=form, intra_threads=psutil.cpu_count() or 1)

    def run(tokens: int) -> None:
        model.generate_batch([prompt], max_length=tokens, min_length=tokens, include_prompt_in_result=False)

    return run


def pytorch_form(source: Path, prompt: list[str], tokenizer: Tokenizer) -> Run:
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(psutil.cpu_count() or 1)
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    ids = torch.tensor([[tokenizer.token_to_id(token) for token in prompt]])

    def run(tokens: int) -> None:
        with torch.inference_mode():
            model.generate(  # type: ignore[misc]
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, min_new_tokens=tokens,
                           do_sample=False, pad_token_id=0)  # fmt: skip

    return run


def main() -> None:
    source = Path(settings().generator_model)
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    text = (ROOT / "models" / "base" / "gpt2-frontdesk" / "README.md").read_text()[:4000]
    prompt = build_prompt(tokenizer, "What is it for?", [DraftPassage(id="card", text=text)], 200).tokens
    runs = {f"CTranslate2 {form}": ctranslate2_form(source, form, prompt) for form in FORMS}
    runs["PyTorch float32"] = pytorch_form(source, prompt, tokenizer)
    times: dict[str, dict[int, list[float]]] = {name: {1: [], ANSWER_TOKENS: []} for name in runs}
    for number in range(ROUNDS + 1):
        for name, run in runs.items():
            for tokens in (1, ANSWER_TOKENS):
                started = time.perf_counter()
                run(tokens)
                if number:  # the first round warms up
                    times[name][tokens].append((time.perf_counter() - started) * 1000)
    rows = [
        {"name": name, "first_token_ms": round(statistics.median(t[1]), 1),
         "answer_p50_ms": round(statistics.median(t[ANSWER_TOKENS]), 1),
         "per_token_ms": round(
             (statistics.median(t[ANSWER_TOKENS]) - statistics.median(t[1])) / (ANSWER_TOKENS - 1), 2)}
        for name, t in times.items()
    ]  # fmt: skip
    REPORT.write_text(json.dumps({"prompt_tokens": len(prompt), "rows": rows}, indent=1) + "\n")
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
