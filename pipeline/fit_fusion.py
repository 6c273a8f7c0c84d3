"""Fit how the two searches are fused and calibrated, on the development questions; writes `knowledge/fusion.json`.

    python -m pipeline.fit_fusion

Order: a linear value of each candidate, fitted by maximum likelihood of the right passage among its question's
candidates (ListNet's top-one loss, Cao et al. 2007). Probability: logistic regression over the best candidates of
all questions, the unanswerable ones included. Both are judged by cross-validation over questions before they are kept.
"""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from contracts.wire import SearchRequest
from knowledge.embedding import Embedder
from knowledge.index import load
from knowledge.search import CALIBRATION_FEATURES, FUSION, RANK_FEATURES, Fusion, Searcher
from knowledge.settings import settings
from pipeline.questions import DEVELOPMENT, LabelledQuestion, load_questions

Floats = npt.NDArray[np.float64]
FOLDS = 5
TOP = 5
RIDGE = 0.01


@dataclass(frozen=True)
class Case:
    """`features`: [candidates, rank features]; `right`: [candidates] booleans; `known_words`: a share."""

    features: Floats
    right: npt.NDArray[np.bool_]
    known_words: float


def collect(searcher: Searcher, questions: list[LabelledQuestion]) -> list[Case]:
    cases = []
    for question in questions:
        request = SearchRequest(question=question.question, previous_question=question.previous)
        found = searcher.find(request)
        ids = [searcher.index.passages[int(row)].id for row in found.rows]
        right = np.array([name in question.gold for name in ids], dtype=np.bool_)
        cases.append(Case(found.features().astype(np.float64), right, found.known_words))
    return cases


def fit_rank(cases: list[Case]) -> Floats:
    """Weights [rank features] that give the right candidates the largest share of the softmax."""
    useful = [case for case in cases if case.right.any()]

    def loss(weights: Floats) -> float:
        total = 0.0
        for case in useful:
            values = case.features @ weights
            shift = values.max()
            total -= np.log(np.exp(values[case.right] - shift).sum() / np.exp(values - shift).sum())
        return float(total / len(useful) + RIDGE * weights @ weights)

    return np.asarray(minimize(loss, np.array([5.0, 2.0, 0.0, 0.0]), method="BFGS").x)


def calibration_rows(cases: list[Case], weights: Floats) -> tuple[Floats, Floats]:
    """The best candidates of each question: [rows, calibration features] and whether each answers [rows]."""
    rows, labels = [], []
    for case in cases:
        values = case.features @ weights
        best = np.argsort(-values)[:TOP]
        features = Fusion.calibration_features(values, case.features, case.known_words)
        rows.append(features[best])
        labels.append(case.right[best])
    return np.concatenate(rows), np.concatenate(labels).astype(np.float64)


def fit_calibration(features: Floats, labels: Floats) -> Floats:
    """Logistic regression, weights [calibration features]; the first feature is the constant 1."""

    def loss(weights: Floats) -> float:
        signs = 2 * labels - 1
        return float(np.logaddexp(0, -signs * (features @ weights)).mean() + 1e-4 * weights[1:] @ weights[1:])

    return np.asarray(minimize(loss, np.zeros(features.shape[1]), method="BFGS").x)


def judge(cases: list[Case], weights: Floats, calibration: Floats) -> dict[str, float]:
    """Recall of the answerable, and log loss and Brier score of the probabilities."""
    ranks = [int(np.argmax(case.right[np.argsort(-(case.features @ weights))])) for case in cases if case.right.any()]
    answerable = sum(1 for case in cases if case.right.any())
    rows, labels = calibration_rows(cases, weights)
    p = 1 / (1 + np.exp(-(rows @ calibration)))
    return {
        "recall_at_1": sum(rank < 1 for rank in ranks) / max(answerable, 1),
        "recall_at_5": sum(rank < 5 for rank in ranks) / max(answerable, 1),
        "log_loss": float(-np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))),
        "brier": float(np.mean((p - labels) ** 2)),
    }


def cross_validate(cases: list[Case]) -> dict[str, float]:
    scores = []
    for fold in range(FOLDS):
        train = [case for i, case in enumerate(cases) if i % FOLDS != fold]
        weights = fit_rank(train)
        scores.append(judge(cases[fold::FOLDS], weights, fit_calibration(*calibration_rows(train, weights))))
    return {name: round(float(np.mean([score[name] for score in scores])), 4) for name in scores[0]}


def main() -> None:
    config = settings()
    searcher = Searcher(load(config.index_dir), Embedder(config.embedding_dir, threads=0), Fusion.load())
    cases = collect(searcher, load_questions(DEVELOPMENT))
    print(f"{len(cases)} questions, cross-validated: {cross_validate(cases)}")
    weights = fit_rank(cases)
    calibration = fit_calibration(*calibration_rows(cases, weights))
    fitted = {
        "rank": dict(zip(RANK_FEATURES, weights.round(4).tolist(), strict=True)),
        "calibration": dict(zip(CALIBRATION_FEATURES, calibration.round(4).tolist(), strict=True)),
    }
    FUSION.write_text(json.dumps(fitted, indent=1) + "\n")
    print(json.dumps(fitted, indent=1))


if __name__ == "__main__":
    main()
