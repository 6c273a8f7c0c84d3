"""`frontdesk review`, as a person and as a program call it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from contracts.errors import Misconfigured, Unavailable
from contracts.tables import now
from contracts.wire import Decision
from review.cli import app
from review.queue import Reviews
from review.settings import ROOT, Settings, settings
from tests.review.conftest import MINUTE, Shop, params
from tests.review.test_review_report import Assistant

COMMANDS = ("queue", "report", "export", "gaps", "digest")
Call = Callable[..., Result]


@pytest.fixture
def call(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assistant: Assistant, serve: Callable[[Any], str]
) -> Iterator[Call]:
    given = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    given["answer"]["reviewed"] = 0.8
    given["review"]["sample_rate"] = 1.0
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    address = serve(assistant.app)
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("PARAMS_FILE", str(file))
    monkeypatch.setenv("KNOWLEDGE_URL", address)
    monkeypatch.setenv("GATEWAY_PORT", address.rpartition(":")[2])
    monkeypatch.setenv("FEEDBACK_DIR", str(tmp_path / "feedback"))
    monkeypatch.setenv("COLUMNS", "200")
    settings.cache_clear()
    yield lambda *arguments: CliRunner().invoke(app, arguments)
    settings.cache_clear()


@pytest.fixture
def assistant() -> Assistant:
    return Assistant()


@pytest.fixture
def corrected(engine: Engine, shop: Shop) -> str:
    """One correction, two undecided cards, two unanswered questions. Returns the id of the correction."""
    at = now() - timedelta(hours=1)
    reviews = Reviews(engine, params(sample_rate=1.0))
    shop.turn(question="how do I restore [one] file", at=at - 3 * MINUTE)
    for question in ("do you take bitcoin", "do you take bitcoin?"):
        shop.turn(question=question, decision=Decision.UNKNOWN, at=at - MINUTE, page="faq:2")
    _, second, first = reviews.look(at).opened  # the most urgent first
    done = reviews.correct(first.id, "Mara", "Open Versions.", at=at)
    reviews.claim(second.id, "Zoe", at=at)
    assert done.correction is not None
    return done.correction


def test_the_queue_as_a_table_and_as_json(call: Call, corrected: str) -> None:
    shown = call("queue")
    assert shown.exit_code == 0 and "do you take bitcoin?" in shown.stdout and "Zoe" in shown.stdout
    cards = json.loads(call("queue", "--json").stdout)
    assert sorted((card["lane"], card["reasons"], card["state"]) for card in cards) == [
        ("sample", ["unknown", "sample"], "claimed"), ("sample", ["unknown", "sample"], "open"),
    ]  # fmt: skip


def test_the_report_fails_while_a_correction_is_not_answered(call: Call, corrected: str, assistant: Assistant) -> None:
    shown = call("report")
    assert shown.exit_code == 1
    assert "0 of 1 corrections are answered right." in shown.stdout and "✗" in shown.stdout
    assistant.finds(corrected)
    shown = call("report")
    assert shown.exit_code == 0, shown.output
    assert "✓" in shown.stdout and "how do I restore [one] file" in shown.stdout
    assert "all turns: 0.000 right, 95 % 0.000 to 0.793 (0 of 1, 2 undecided)" in shown.stdout
    assert "Sampling: 3 of 3 turns" in shown.stdout and "fine." in shown.stdout


def test_the_report_as_json_and_through_the_gateway(call: Call, corrected: str, assistant: Assistant) -> None:
    shown = call("report", "--gateway", "--json")
    assert shown.exit_code == 0  # "Open versions!" is the same in other letters
    said = json.loads(shown.stdout)
    assert [(one["id"], one["state"], one["lane"]) for one in said["corrections"]] == [(corrected, "right", "sample")]
    assert said["estimate"]["sample"]["judged"] == 1


def test_the_export_says_what_it_wrote(call: Call, corrected: str, tmp_path: Path) -> None:
    shown = call("export")
    assert "1 verdicts, 1 corrections, 1 regression questions" in shown.stdout
    assert json.loads(call("export", "--json").stdout)["regression"] == 1
    assert corrected in (tmp_path / "feedback" / "corrections.csv").read_text()


def test_gaps_and_digest(call: Call, corrected: str) -> None:
    assert "do you take bitcoin" in call("gaps").stdout
    assert [gap["count"] for gap in json.loads(call("gaps", "--json").stdout)] == [2]
    day = f"{now() - timedelta(hours=1):%Y-%m-%d}"
    assert "opened 3 (3 sample); decided 1 (1 correct)" in call("digest", "--day", day).stdout
    assert json.loads(call("digest", "--day", day, "--json").stdout)["open"] == 2


def test_with_nothing_there_each_says_so(call: Call) -> None:
    assert "Nothing waits" in call("queue").stdout
    assert "No corrections yet." in call("report").stdout
    assert "No gaps" in call("gaps").stdout
    assert "0 wait for a decision" in call("digest").stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_without_tables_is_told_in_a_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    settings.cache_clear()
    shown = CliRunner().invoke(app, [command])
    settings.cache_clear()
    assert isinstance(shown.exception, Unavailable) and "make up" in str(shown.exception)


def test_frontdesk_knows_the_group() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "frontdesk", "review", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert all(command in shown.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("answer: {}", "no section review"), ("[]", "no section"), ("a: [", "can't be read"),
        ("review: {sample_rate: 2, remind: 1}", "off at .*sample_rate"),
    ],
)  # fmt: skip
def test_parameters_that_are_off_are_told(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(content)
    with pytest.raises(Misconfigured, match=said):
        Settings(params_file=file).params()


def test_the_threshold_of_reviewed_answers_has_no_default(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("answer: {curated: 0.5}")
    with pytest.raises(Misconfigured, match=r"answer\.reviewed is missing"):
        Settings(params_file=file).reviewed_threshold()
    with pytest.raises(Misconfigured, match="can't be read"):
        Settings(params_file=tmp_path / "none.yaml").params()
