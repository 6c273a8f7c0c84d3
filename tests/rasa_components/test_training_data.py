"""The training data itself: enough of it, nothing in two places, every intent and reply in use."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from rasa_components.question_first import QuestionFirst

ROOT = Path(__file__).parents[2]
DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
CONFIG = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))


def intents() -> list[str]:
    return [next(iter(intent)) if isinstance(intent, dict) else intent for intent in DOMAIN["intents"]]


def examples() -> dict[str, list[str]]:
    """Intent -> its examples as a customer would type them, without entity marks."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "data/nlu").glob("*.yml")):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in entry:
                lines = [line[2:] for line in entry["examples"].splitlines()]
                found.setdefault(entry["intent"], []).extend(
                    re.sub(r"\[([^]]+)]\(\w+\)", r"\1", line) for line in lines
                )
    return found


def rules() -> list[dict[str, Any]]:
    files = sorted((ROOT / "data/rules").glob("*.yml"))
    return [rule for file in files for rule in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]]


def test_every_intent_has_at_least_25_examples() -> None:
    assert {intent: len(lines) for intent, lines in examples().items() if len(lines) < 25} == {}
    assert set(examples()) == set(intents())


def test_no_example_stands_twice() -> None:
    said = Counter(line.strip().lower() for lines in examples().values() for line in lines)
    assert [line for line, times in said.items() if times > 1] == []


def test_every_intent_starts_a_rule_of_its_own() -> None:
    """Without a condition or an action before it: no message of a known intent can end in silence."""
    first_steps = [rule["steps"][0] for rule in rules() if "condition" not in rule]
    plain = {step["intent"] for step in first_steps if "intent" in step}
    assert plain == {*intents(), "nlu_fallback"}


def test_every_rule_of_an_answer_intent_is_also_one_of_question_first() -> None:
    answered = {
        rule["steps"][0]["intent"]
        for rule in rules()
        if "condition" not in rule and rule["steps"][-1].get("action") == "action_answer_question"
        if "intent" in rule["steps"][0]
    }
    component = next(part for part in CONFIG["pipeline"] if part["name"].endswith(f".{QuestionFirst.__name__}"))
    assert set(component["intents"]) == answered - {"inform"}


def test_every_slot_of_the_ticket_form_has_its_question() -> None:
    asked = {f"utter_ask_ticket_form_{slot}" for slot in DOMAIN["forms"]["ticket_form"]["required_slots"]}
    assert asked <= set(DOMAIN["responses"])
