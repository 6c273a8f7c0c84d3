"""The engine with the shipped model: the same words every time, and no longer than the turn allows."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.wire import DraftPassage
from generator.engine import Engine
from generator.export.convert import convert
from generator.prompt import CONTROL, build_prompt

PASSAGE = (
    "How do I restore an older version of a file?\nOpen the file on the web, choose Versions, pick the version that "
    "you want and press Restore. The present version is kept beside it. Versions are kept for 90 days on Solo."
)
LETS_GO = """
import sys, threading
from pathlib import Path
from generator.engine import Engine

def compete():
    while True:
        sum(range(2000))

for _ in range(3):
    threading.Thread(target=compete, daemon=True).start()
for _ in range(12):
    Engine(Path(sys.argv[1]), 2).generate(["<|question|>", "a", "<|answer|>"], 2)
"""
QUESTION = "how do I get an older version of a file back?"


def prompt(engine: Engine, question: str = QUESTION) -> list[str]:
    return build_prompt(engine.tokenizer, question, [DraftPassage(id="faq:1", text=PASSAGE)], 400).tokens


def test_the_same_prompt_gives_the_same_words(engine: Engine) -> None:
    made = [engine.generate(prompt(engine), 40) for _ in range(3)]
    assert len({(one.text, one.tokens, one.no_answer, one.mean_log_probability) for one in made}) == 1
    assert made[0].text


def test_a_draft_holds_no_control_token(engine: Engine) -> None:
    made = engine.generate(prompt(engine), 120)
    assert not any(token in made.text for token in CONTROL)
    assert made.stopped == "end"


@pytest.mark.parametrize("left", [-5.0, 0.0, 0.001])
def test_a_deadline_that_is_near_stops_the_draft(engine: Engine, left: float) -> None:
    made = engine.generate(prompt(engine), 200, time.monotonic() + left)
    assert (made.stopped, made.tokens) == ("deadline", 1)


def test_a_deadline_is_kept_between_tokens(engine: Engine) -> None:
    whole = engine.generate(prompt(engine), 60)
    began = time.monotonic()
    made = engine.generate(prompt(engine), 60, began + (whole.first_token_ms + whole.total_ms) / 2000)
    assert made.stopped == "deadline"
    assert 0 < made.tokens < whole.tokens


def test_a_far_deadline_changes_nothing(engine: Engine) -> None:
    made = engine.generate(prompt(engine), 40, time.monotonic() + 60)
    assert made.text == engine.generate(prompt(engine), 40).text
    assert made.stopped != "deadline"


def test_a_draft_at_its_limit_says_so(engine: Engine) -> None:
    made = engine.generate(prompt(engine), 3)
    assert (made.stopped, made.tokens) == ("length", 3)


@pytest.mark.parametrize("question", [QUESTION, "who won the football match?", "x", "?", "😀 é 文"])
def test_the_doubt_of_the_model_is_a_probability(engine: Engine, question: str) -> None:
    assert 0.0 <= engine.generate(prompt(engine, question), 1).no_answer <= 1.0


def test_doubt_is_larger_for_a_question_that_the_passage_does_not_answer(engine: Engine) -> None:
    fitting, strange = (
        engine.generate(prompt(engine, q), 1) for q in (QUESTION, "who won the football match on Sunday?")
    )
    assert strange.no_answer > fitting.no_answer


def test_an_engine_that_nobody_holds_any_more_ends_without_taking_the_process_along(
    small_model: Path, tmp_path: Path
) -> None:
    folder, _ = convert(small_model, tmp_path / "out", "int8")
    done = subprocess.run(
        [sys.executable, "-c", LETS_GO, str(folder)], capture_output=True, text=True, check=False, timeout=100
    )
    assert (done.returncode, done.stderr) == (0, "")
