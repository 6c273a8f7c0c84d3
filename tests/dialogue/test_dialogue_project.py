"""The Rasa project as Rasa itself sees it, in its own environment: data, conversations, components."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from frontdesk.prepare import prepare_rasa
from frontdesk.settings import LocalSettings

ROOT = Path(__file__).resolve().parents[2]
RASA_PYTHON = ROOT / "env" / "rasa" / ".venv" / "bin" / "python"
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not RASA_PYTHON.is_file() and os.environ.get("CI") != "true", reason="wants: make rasa-env"),
]


def in_rasa(*arguments: str) -> subprocess.CompletedProcess[str]:
    settings = LocalSettings.read()
    return subprocess.run(
        [str(RASA_PYTHON), "-m", *arguments],
        cwd=ROOT, env=settings.process_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_training_data_has_no_contradiction_and_no_warning() -> None:
    done = in_rasa("rasa", "data", "validate", "--fail-on-warnings")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_written_conversation_goes_as_it_is_written() -> None:
    model, _ = prepare_rasa(LocalSettings.read())
    with tempfile.TemporaryDirectory() as out:
        done = in_rasa(
            "rasa", "test", "core", "--e2e", "--stories", "tests/conversations", "--model", str(model),
            "--out", out, "--fail-on-prediction-errors",
        )  # fmt: skip
        failed = Path(out) / "failed_test_stories.yml"
        assert done.returncode == 0, failed.read_text() if failed.is_file() else done.stderr


def test_the_components_pass_their_own_tests_inside_rasa() -> None:
    done = in_rasa("pytest", "-q", "tests/rasa_components")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
