"""Fit when an operator's answer is given to another question, choose its threshold, measure; writes three files.

    python -m pipeline.fit_reviewed              fit and choose on the development half of `datasets/reviewed`
    python -m pipeline.fit_reviewed --measure    measure on the held-out half: reports/reviewed.json

Fit: logistic regression with fixed signs. A nearer embedding may only speak for a match, what sets two questions apart
only against it, and a plain contradiction at least with CONTRADICTION, however few of the examples show it.
Threshold (`answer.reviewed` of `params.yaml`): the lowest that at most FALSE_SHARE of the hard negatives reach, by
probabilities of cross-validation over reviewed questions. A hard negative is a labelled question that means something
else; those of no relation to the reviewed one don't count, they would make the share look small.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from math import ceil
from pathlib import Path
from statistics import median
from typing import Annotated
from uuid import uuid4

import httpx
import numpy as np
import numpy.typing as npt
import typer
import yaml
from scipy.optimize import minimize
from sqlalchemy import Engine, insert

from contracts.database import open_engine
from contracts.errors import DeadlinePassed
from contracts.tables import CorrectionRow, now
from contracts.wire import Audience, PassageKind, ReviewedAnswer
from knowledge.embedding import Embedder, Vectors
from knowledge.match import FEATURES, LEAST_COSINE, MODEL, Match, Wording, features
from knowledge.reviewed import Entry, Snapshot
from knowledge.settings import ROOT, settings
from knowledge.sync import sync
from pipeline.stack import free_ports
from review.intervals import Share

FOLDER = ROOT / "datasets" / "reviewed"
DEVELOPMENT, HELD_OUT = "development", "held_out"
PARAMS = ROOT / "params.yaml"
REPORT = ROOT / "reports" / "reviewed.json"
FOLDS = 5
RIDGE = 3e-4
FALSE_SHARE = 0.01
CONTRADICTION = -4.0
FREE, UP, DOWN, AGAINST = (None, None), (0.0, None), (None, 0.0), (None, CONTRADICTION)
SIGNS = {"bias": FREE, "cosine": UP} | dict.fromkeys(
    ("numbers_differ", "rivals_differ", "opposite", "order_differs"), AGAINST
)
COUNTS = (10, 1_000, 10_000)
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """A question and a reviewed one. `kind` says how they were made to resemble or differ; `unrelated` ones don't."""

    reviewed: str
    asked: str
    same: bool
    kind: str


@dataclass(frozen=True)
class Cases:
    """Pairs with their features [pairs, features]; `weights`: how much each counts in the fit."""

    pairs: list[Pair]
    features: Floats
    weights: Floats

    @property
    def same(self) -> Bools:
        return np.array([pair.same for pair in self.pairs], dtype=np.bool_)

    @property
    def hard(self) -> Bools:
        return np.array([not p.same and p.kind not in ("unrelated", "cross") for p in self.pairs], dtype=np.bool_)

    def part(self, wanted: Bools) -> "Cases":
        pairs = [pair for pair, take in zip(self.pairs, wanted, strict=True) if take]
        return Cases(pairs, self.features[wanted], self.weights[wanted])


def load_pairs(half: str, folder: Path = FOLDER) -> list[Pair]:
    lines = (folder / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Pair(**json.loads(line)) for line in lines if line.strip()]


def crossed(pairs: Sequence[Pair], vectors: dict[str, Vectors]) -> list[Pair]:
    """Every question with each reviewed one that it was not written for but comes near."""
    reviewed = dict.fromkeys(pair.reviewed for pair in pairs)
    return [
        Pair(other, pair.asked, False, "cross")
        for pair in pairs
        for other in reviewed
        if other != pair.reviewed and vectors[pair.asked] @ vectors[other] >= LEAST_COSINE
    ]


def collect(pairs: Sequence[Pair], embedder: Embedder) -> Cases:
    """The labelled pairs and the crossed ones, which together count half as much as the labelled negatives."""
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.reviewed, pair.asked)))
    vectors = dict(zip(texts, embedder.encode(texts), strict=True))
    others = crossed(pairs, vectors)
    each = 0.5 * sum(not pair.same for pair in pairs) / max(len(others), 1)
    both = [*pairs, *others]
    rows = [
        features(Wording.of(p.asked), Wording.of(p.reviewed), float(vectors[p.asked] @ vectors[p.reviewed]))
        for p in both
    ]
    return Cases(both, np.array(rows), np.array([1.0] * len(pairs) + [each] * len(others)))


def fit(cases: Cases) -> Floats:
    """Weights [features], by maximum likelihood within SIGNS and with a small ridge."""
    signs = np.where(cases.same, 1.0, -1.0)
    share = cases.weights / cases.weights.sum()

    def loss(weights: Floats) -> tuple[float, Floats]:
        margins = signs * (cases.features @ weights)
        free = np.r_[0.0, weights[1:]]
        slope = -(share * signs / (1 + np.exp(margins))) @ cases.features + 2 * RIDGE * free
        return float(share @ np.logaddexp(0, -margins) + RIDGE * free @ free), slope

    bounds = [SIGNS.get(name, DOWN) for name in FEATURES]
    start = np.array([CONTRADICTION if bound == AGAINST else 0.0 for bound in bounds])
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def probabilities(cases: Cases, weights: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(cases.features @ weights))))


def cross_validated(cases: Cases) -> Floats:
    """Each pair's probability by a fit that has not seen its reviewed question."""
    names = list(dict.fromkeys(pair.reviewed for pair in cases.pairs))
    fold = np.array([names.index(pair.reviewed) % FOLDS for pair in cases.pairs])
    found = np.empty(len(cases.pairs))
    for number in range(FOLDS):
        held = fold == number
        found[held] = probabilities(cases.part(held), fit(cases.part(~held)))
    return found


def choose_threshold(scores: Floats, hard: Bools, false_share: float = FALSE_SHARE) -> float:
    """The lowest score that at most this share of the hard negatives reach."""
    allowed = int(false_share * hard.sum())
    return float(np.nextafter(np.sort(scores[hard])[::-1][allowed], np.inf))


def write_threshold(value: float, path: Path = PARAMS) -> None:
    """Change the number in `params.yaml`, keep its comments."""
    text, count = re.subn(r"(?m)^(  reviewed: )[\d.]+", rf"\g<1>{value:.3f}", path.read_text(encoding="utf-8"))
    assert count == 1
    path.write_text(text, encoding="utf-8")


def recall_by_kind(cases: Cases, given: Bools) -> dict[str, list[int]]:
    """Kind → how many of it are given the answer, of how many."""
    kinds = np.array([pair.kind for pair in cases.pairs])
    return {str(kind): [int(given[kinds == kind].sum()), int((kinds == kind).sum())] for kind in sorted(set(kinds))}


def share(given: Bools) -> dict[str, object]:
    counted = Share(int(given.sum()), len(given))
    return {
        "count": [counted.hits, counted.of],
        "share": round(counted.value or 0.0, 4),
        "interval_95": [round(end, 4) for end in counted.wilson()],
    }


def judge(cases: Cases, scores: Floats, threshold: float) -> dict[str, object]:
    given = scores >= threshold
    crossed_pairs = np.array([pair.kind == "cross" for pair in cases.pairs])
    return {
        "threshold": round(threshold, 4),
        "recall": share(given[cases.same]),
        "false_on_hard_negatives": share(given[cases.hard]),
        "false_on_other_reviewed_questions": share(given[crossed_pairs]),
        "by_kind": recall_by_kind(cases, given),
    }


def compare(cases: Cases, scores: Floats, threshold: float, development: Cases) -> dict[str, object]:
    """The model, and thresholds on the cosine alone: one chosen on development by the same rule, and one that the
    held-out half itself would choose to be as often wrong as the model."""
    cosines, known = cases.features[:, FEATURES.index("cosine")], development.features[:, FEATURES.index("cosine")]
    as_wrong = float((scores >= threshold)[cases.hard].mean())
    return {
        "model": judge(cases, scores, threshold),
        "cosine_by_the_same_rule": judge(cases, cosines, choose_threshold(known, development.hard)),
        "cosine_as_often_wrong": judge(cases, cosines, choose_threshold(cosines, cases.hard, as_wrong)),
    }


def all_live(pairs: Sequence[Pair], embedder: Embedder, match: Match, threshold: float) -> dict[str, object]:
    """Every reviewed question of the half is live: is the right one quoted, and is anything where nothing should be?"""
    questions = list(dict.fromkeys(pair.reviewed for pair in pairs))
    snapshot = Snapshot([entry_of(question, embedder) for question in questions], match)
    quoted = []
    for pair in pairs:
        found = snapshot.nearest(pair.asked, embedder.encode([pair.asked])[0], Audience.PUBLIC)
        quoted.append(found.question if found is not None and found.score >= threshold else None)
    same = [(pair, said) for pair, said in zip(pairs, quoted, strict=True) if pair.same]
    other = [said for pair, said in zip(pairs, quoted, strict=True) if not pair.same]
    return {
        "corrections": len(questions),
        "right": share(np.array([said == pair.reviewed for pair, said in same])),
        "another_one": share(np.array([said not in (None, pair.reviewed) for pair, said in same])),
        "quoted_where_none_is_right": share(np.array([said is not None for said in other])),
    }


def entry_of(question: str, embedder: Embedder) -> Entry:
    moment = now()
    answer = ReviewedAnswer(
        id=f"fix:{uuid4().hex[:16]}", kind=PassageKind.REVIEWED, title="", text="An answer.", question=question, url="",
        source="corrections", updated_at=moment, synced_at=moment,
    )  # fmt: skip
    return Entry(answer, embedder.encode([question])[0], Wording.of(question))


def latency(pairs: Sequence[Pair], embedder: Embedder, match: Match) -> dict[str, dict[str, float]]:
    """Milliseconds that finding the nearest adds to a search, whose question is embedded anyway."""
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.reviewed, pair.asked)))
    pairs_of_texts = (f"{one} {other}" for one in texts for other in texts if one != other)
    entries = [entry_of(text, embedder) for text in [*texts, *islice(pairs_of_texts, COUNTS[-1])][: COUNTS[-1]]]
    asked = [(text, embedder.encode([text])[0]) for text in texts[:: max(1, len(texts) // 200)]]
    result = {}
    for count in COUNTS:
        snapshot, times = Snapshot(entries[:count], match), []
        for text, vector in asked:
            began = time.perf_counter()
            snapshot.nearest(text, vector, Audience.PUBLIC)
            times.append((time.perf_counter() - began) * 1000)
        result[str(count)] = {"p50_ms": round(median(times), 3), "p95_ms": round(float(np.quantile(times, 0.95)), 3)}
    return result


@contextmanager
def service(home: Path, embedder: Embedder) -> Iterator[tuple[httpx.Client, Engine]]:
    """The knowledge service in a process of its own, with the sample company's pages and no corrections yet."""
    url, port = f"sqlite:///{home}/frontdesk.db", free_ports(1)[0]
    engine = open_engine(url)
    sync(engine, settings().sources_dir, embedder, home / "index")
    command = [sys.executable, "-m", "uvicorn", "knowledge.api:app", "--port", str(port), "--log-level", "error"]
    environment = {**os.environ, "DATABASE_URL": url, "INDEX_DIR": str(home / "index")}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as client:
                wait_for(lambda: _answers(client))
                yield client, engine
        finally:
            process.terminate()
            engine.dispose()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.HTTPError:
        return False


def wait_for(happens: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > until:
            raise DeadlinePassed(f"It did not happen within {seconds:g} s.")
        time.sleep(0.02)


def until_answerable(questions: Sequence[str], client: httpx.Client, engine: Engine, tell: bool) -> dict[str, float]:
    """Seconds from the commit until a search finds it; `tell`: the service is told, as the gateway does."""
    times = []
    for number, question in enumerate(questions):
        moment, id = now(), f"fix:{uuid4().hex[:16]}"
        row = {"id": id, "question": question, "answer": "An answer.", "sources": [], "audience": Audience.PUBLIC,
               "operator": "U1", "created_at": moment, "changed_at": moment}  # fmt: skip
        time.sleep(0.37 * number % 2)  # at different moments of the period
        with engine.begin() as connection:
            connection.execute(insert(CorrectionRow), row)
        began = time.perf_counter()
        if tell:
            client.post("/corrections/sync").raise_for_status()

        def found(question: str = question, id: str = id) -> bool:
            reviewed = client.post("/search", json={"question": question}).json()["reviewed"]
            return reviewed is not None and reviewed["id"] == id

        wait_for(found)
        times.append(time.perf_counter() - began)
    return {"median_s": round(median(times), 3), "longest_s": round(max(times), 3), "times": len(times)}


def fit_and_choose(embedder: Embedder) -> None:
    cases = collect(load_pairs(DEVELOPMENT), embedder)
    weights = fit(cases)
    scores = cross_validated(cases)
    threshold = ceil(choose_threshold(scores, cases.hard) * 1000) / 1000
    fitted = dict(zip(FEATURES, weights.round(4).tolist(), strict=True))
    MODEL.write_text(json.dumps(fitted, indent=1) + "\n")
    write_threshold(threshold)
    print(json.dumps({"weights": fitted, "cross_validated": judge(cases, scores, threshold)}, indent=1))


def measure(embedder: Embedder) -> None:
    match, params = Match.load(), yaml.safe_load(PARAMS.read_text(encoding="utf-8"))["answer"]
    threshold = params["reviewed"]
    pairs = load_pairs(HELD_OUT)
    cases = collect(pairs, embedder)
    scores = probabilities(cases, np.array(match.weights))
    with tempfile.TemporaryDirectory() as home, service(Path(home), embedder) as (client, engine):
        questions = list(dict.fromkeys(pair.reviewed for pair in pairs))
        by_poll = until_answerable(questions[:20], client, engine, tell=False)
        told = until_answerable(questions[20:], client, engine, tell=True)
    report = {
        "half": HELD_OUT,
        "reviewed_questions": len(questions),
        "pairs": len(pairs),
        **compare(cases, scores, threshold, collect(load_pairs(DEVELOPMENT), embedder)),
        "shown_to_be_pressed": judge(cases, scores, params["ask_back"]),
        "all_live": all_live(pairs, embedder, match, threshold),
        "added_to_a_search": latency(pairs, embedder, match),
        "commit_to_answerable": {"by_poll": by_poll, "told": told},
    }
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def main(
    held_out: Annotated[
        bool, typer.Option("--measure", help="measure on the held-out half instead of fitting")
    ] = False,
) -> None:
    embedder = Embedder(settings().embedding_dir)
    if held_out:
        measure(embedder)
    else:
        fit_and_choose(embedder)


if __name__ == "__main__":
    typer.run(main)
