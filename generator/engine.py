"""Generate with CTranslate2 on the CPU: one prompt at a time, a deadline looked at between tokens."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
from tokenizers import Tokenizer

from contracts.errors import Misconfigured
from generator.prompt import CONTROL, END, NO_ANSWER


@dataclass(frozen=True)
class Generated:
    """`no_answer`: the probability of the model's "no answer" token at the first place."""

    text: str
    no_answer: float
    tokens: int
    mean_log_probability: float
    first_token_ms: float
    total_ms: float
    stopped: str


class Engine:
    """A converted model (`generator.export.convert`) in memory. Thread-safe; calls share the cores."""

    def __init__(self, folder: Path, threads: int) -> None:
        try:
            card = json.loads((folder / "frontdesk.json").read_text())
            self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._generator = ctranslate2.Generator(str(folder), device="cpu", intra_threads=threads, inter_threads=1)
        except (OSError, ValueError, RuntimeError) as error:
            raise Misconfigured(
                f"The model in {folder} can't be loaded ({error}). Delete that folder and run make up again."
            ) from error
        self.version: str = card["version"]
        self.context: int = card["context"]
        self._no_answer = self.tokenizer.token_to_id(NO_ANSWER)
        known = [token for token in CONTROL if self.tokenizer.token_to_id(token) is not None]
        self._control = [[token] for token in known if token not in (END, NO_ANSWER)]
        self._ends = [token for token in (END, NO_ANSWER) if token in known]

    def generate(self, prompt: list[str], max_tokens: int, deadline: float | None = None) -> Generated:
        """Greedy decoding. `deadline`: a `time.monotonic()` value at which to stop with what there is.

        The text is empty when the model's first token is "no answer".
        """
        started, marks = time.perf_counter(), _Marks()
        no_answer = self._no_answer

        # Holds no reference to the engine: CTranslate2 lets go of it in its own thread, which can't end the model.
        def after_token(step: ctranslate2.GenerationStepResult) -> bool:
            if step.step == 0:
                marks.first_token_ms = (time.perf_counter() - started) * 1000
                marks.no_answer = _probability(step, no_answer)
            if not step.is_last and deadline is not None and time.monotonic() >= deadline:
                marks.stopped = "deadline"
                return True
            return False

        result = self._generator.generate_batch(
            [prompt],
            max_length=max_tokens,
            include_prompt_in_result=False,
            suppress_sequences=self._control or None,
            end_token=self._ends,
            return_scores=True,
            return_logits_vocab=True,
            callback=after_token,
        )[0]
        ids = result.sequences_ids[0]
        if marks.stopped == "end" and len(ids) >= max_tokens:
            marks.stopped = "length"
        return Generated(
            text=self.tokenizer.decode(ids).strip(),
            no_answer=marks.no_answer,
            tokens=len(ids),
            mean_log_probability=float(result.scores[0]),
            first_token_ms=marks.first_token_ms,
            total_ms=(time.perf_counter() - started) * 1000,
            stopped=marks.stopped,
        )


def _probability(step: ctranslate2.GenerationStepResult, token: int | None) -> float:
    """Of the token at this step; 0 for a model that doesn't know it."""
    if token is None:
        return 0.0
    logits = np.array(step.logits, dtype=np.float32).reshape(-1)
    return float(np.exp(logits[token] - logits.max()) / np.exp(logits - logits.max()).sum())


@dataclass
class _Marks:
    first_token_ms: float = 0.0
    no_answer: float = 0.0
    stopped: str = "end"
