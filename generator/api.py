"""The model service (port 8000).

    uvicorn generator.api:app --host 127.0.0.1 --port 8000

`POST /draft` phrases an answer from passages and judges its support, `GET /health`, `GET /metrics`.
"""

import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Header, Request

from contracts.errors import Misconfigured
from contracts.http import install_errors, install_metrics
from contracts.wire import DEADLINE_HEADER, Draft, DraftPassage, DraftRequest
from generator.engine import Engine
from generator.judge import judge_support
from generator.model_folder import converted_folder, is_converted, resolve_model
from generator.prompt import build_prompt
from generator.queue import BoundedQueue
from generator.settings import Settings, settings

WARM_UP = DraftPassage(id="warm-up", text="The first prompt after a start is the slow one.")
LONGEST_MS = 600_000


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    config = settings()
    app.state.engine = Engine(find_model(config), config.generator_threads)
    engine = app.state.engine
    engine.generate(build_prompt(engine.tokenizer, "Ready?", [WARM_UP], 64).tokens, max_tokens=4)
    app.state.queue = BoundedQueue(config.generator_queue)
    yield
    app.state.queue.close()


def find_model(config: Settings) -> Path:
    """The converted model. What is missing is converted by a process of its own, since the converter may load torch."""
    folder = converted_folder(resolve_model(config.generator_model), config.generator_dir, config.generator_compute)
    if not is_converted(folder):
        done = subprocess.run(
            [sys.executable, "-m", "generator.export.convert"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Misconfigured(f"The model could not be converted: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    return folder


app = FastAPI(title="Frontdesk generator", lifespan=_lifespan)
install_errors(app)
install_metrics(app, "generator")


@app.get("/health")
def health(request: Request) -> dict[str, str | int]:
    return {
        "status": "ready",
        "model_version": request.app.state.engine.version,
        "waiting": request.app.state.queue.waiting,
    }


@app.post("/draft")
async def draft(
    body: DraftRequest,
    request: Request,
    milliseconds_left: Annotated[int | None, Header(alias=DEADLINE_HEADER, le=LONGEST_MS)] = None,
) -> Draft:
    """503 with Retry-After when the queue is full, 504 when the deadline passed before the model could begin."""
    deadline = None if milliseconds_left is None else time.monotonic() + milliseconds_left / 1000
    engine: Engine = request.app.state.engine
    queue: BoundedQueue = request.app.state.queue
    return await queue.run(lambda: write_draft(engine, body, deadline), deadline)


def write_draft(engine: Engine, body: DraftRequest, deadline: float | None) -> Draft:
    """Blocking: pack, generate, judge."""
    limit = min(settings().generator_prompt_tokens, engine.context - body.max_tokens)
    prompt = build_prompt(engine.tokenizer, body.question, body.passages, limit)
    if not prompt.passages:
        return Draft(
            text="", support=0.0, no_answer=1.0, passages=(), model_version=engine.version, prompt_tokens=0,
            answer_tokens=0, first_token_ms=0.0, total_ms=0.0, stopped="end",
        )  # fmt: skip
    made = engine.generate(prompt.tokens, body.max_tokens, deadline)
    verdict = judge_support(made.text, {p.id: p.text for p in body.passages if p.id in prompt.passages})
    return Draft(
        text=made.text, support=round(verdict.support, 4), no_answer=round(made.no_answer, 4),
        passages=prompt.passages, cited=verdict.cited, model_version=engine.version, prompt_tokens=len(prompt.tokens),
        answer_tokens=made.tokens, first_token_ms=round(made.first_token_ms, 1), total_ms=round(made.total_ms, 1),
        stopped=made.stopped,
    )  # fmt: skip
