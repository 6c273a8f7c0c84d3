"""`frontdesk kb sync` as a person and a program run it: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.knowledge.samples import faq, write_faqs


def run_sync(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{home}/frontdesk.db",
        "SOURCES_DIR": str(home / "sources"),
        "INDEX_DIR": str(home / "index"),
    }
    program = [sys.executable, "-c", "from frontdesk.cli import main; main()", "kb", "sync", *options]
    return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_sync_prints_json_for_programs_and_nothing_else(tmp_path: Path) -> None:
    write_faqs(tmp_path / "sources" / "faqs", [faq(1), faq(2), faq(3, answer=None)])
    done = run_sync(tmp_path, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["index_built"]) == (0, True)
    assert report["changes"][0]["added"] == ["faq:faq-1", "faq:faq-2"]
    assert report["changes"][0]["left_out"] == ["faqs.yaml item 3: answer: Field required"]


def test_sync_without_sources_is_one_sentence_and_status_1(tmp_path: Path) -> None:
    done = run_sync(tmp_path)
    assert done.returncode == 1
    assert "There is nothing to index" in done.stderr
    assert "Traceback" not in done.stderr
