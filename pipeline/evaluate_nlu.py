"""Measure what the sentence featurizer and the classifier are worth: cross-validated intent F1 of three pipelines.

    env/rasa/.venv/bin/python pipeline/evaluate_nlu.py        # about 15 minutes on 2 cores, DIET most of them

The pipelines are config.yml's own, the same without the featurizer, and the same with DIET as its classifier. The
fallback components stay out: they decide what happens with an unsure guess, and the guess itself is measured here.
Prints a table and writes reports/nlu_featurizer.json. Runs in Rasa's environment, imports nothing of the other folders.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "reports/nlu_featurizer.json"
FEATURIZER = "rasa_components.sentence_featurizer.SentenceFeaturizer"
QUESTION_FIRST = "rasa_components.question_first.QuestionFirst"
CLASSIFIER = "LogisticRegressionClassifier"
LEFT_OUT = {"FallbackClassifier", QUESTION_FIRST, "RegexEntityExtractor", "EntitySynonymMapper"}
DIET = {
    "name": "DIETClassifier",
    "epochs": 30,
    "entity_recognition": False,
    "constrain_similarities": True,
    "random_seed": 42,
}

QUIET = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}

Config = dict[str, Any]


def pipelines(config: Config) -> dict[str, Config]:
    """Name -> the whole configuration with its pipeline changed."""
    full = [part for part in config["pipeline"] if part["name"] not in LEFT_OUT]
    bare = [part for part in full if part["name"] != FEATURIZER]
    variants = {
        "logistic regression with the sentence featurizer": full,
        "logistic regression without it": bare,
        "DIET with the sentence featurizer": with_diet(full),
    }
    return {name: {**config, "pipeline": pipeline} for name, pipeline in variants.items()}


def with_diet(pipeline: list[Config]) -> list[Config]:
    return [DIET if part["name"] == CLASSIFIER else part for part in pipeline]


def cross_validate(config: Config, folds: int, questions: set[str]) -> dict[str, float]:
    """Run `rasa test nlu --cross-validation` on one configuration. Raises CalledProcessError with Rasa's output."""
    with tempfile.TemporaryDirectory() as scratch:
        file, out = Path(scratch) / "config.yml", Path(scratch) / "out"
        file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        command = [sys.executable, "-m", "rasa", "test", "nlu", "--cross-validation", "--folds", str(folds)]
        command += ["--nlu", "data/nlu", "--config", str(file), "--out", str(out), "--no-plot"]
        started = time.monotonic()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, **QUIET})
        seconds = time.monotonic() - started
        report = json.loads((out / "intent_report.json").read_text(encoding="utf-8"))
        errors = json.loads((out / "intent_errors.json").read_text(encoding="utf-8"))
    return {**figures(report, errors, questions), "seconds": round(seconds)}


def figures(report: Config, errors: list[Config], questions: set[str]) -> dict[str, float]:
    """F1 and accuracy over all folds; for `questions_answered` any kind of question is right for a question."""
    asked = sum(report[intent]["support"] for intent in questions)
    missed = sum(e["intent"] in questions and e["intent_prediction"]["name"] not in questions for e in errors)
    return {
        "f1_weighted": round(report["weighted avg"]["f1-score"], 3),
        "f1_macro": round(report["macro avg"]["f1-score"], 3),
        "accuracy": round(report["accuracy"], 3),
        "questions_answered": round(1 - missed / asked, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folds", type=int, default=5)
    folds = parser.parse_args().folds
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    questions = set(next(part for part in config["pipeline"] if part["name"] == QUESTION_FIRST)["intents"])
    measured = {}
    for name, variant in pipelines(config).items():
        measured[name] = cross_validate(variant, folds, questions)
        print(f"{name:50}", *(f"{key} {value}" for key, value in measured[name].items()), flush=True)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({"folds": folds, "pipelines": measured}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
