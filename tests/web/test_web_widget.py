"""The widget by itself: its types, its unit tests, its size; with Node's own tools."""

import gzip
import shutil
import subprocess

import pytest

from frontdesk.settings import ROOT
from tests.web.conftest import missing

WIDGET = ROOT / "widget"
MOST_BYTES = 60_000


@pytest.mark.parametrize("command", ["check", "test"])
def test_the_widgets_own_checks_pass(command: str) -> None:
    if shutil.which("npm") is None or not (WIDGET / "node_modules").is_dir():
        missing("npm is needed for this test: apt-get install npm, then sh env/setup.sh widget")
    done = subprocess.run(
        ["npm", "run", "--silent", command], cwd=WIDGET, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_widget_is_one_small_file_without_a_key_and_without_another_address() -> None:
    source = (WIDGET / "dist" / "frontdesk-chat.js").read_bytes()
    assert len(gzip.compress(source, 9)) <= MOST_BYTES
    addresses = {line for line in source.split(b'"') if line.startswith((b"http://", b"https://", b"//"))}
    assert addresses == set()
    for forbidden in (b"eval(", b"new Function"):
        assert forbidden not in source
