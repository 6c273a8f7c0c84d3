"""Preparing: names made of content, a disk that is large enough, models that are kept no longer than needed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import FrontdeskError, Misconfigured
from frontdesk.local_cli import Release
from frontdesk.prepare import RASA_MODELS_KEPT, check_disk, digest_of, forget_old_models, sha256, train_rasa
from frontdesk.settings import ROOT, LocalSettings


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder inside the repository, as digests need it, where git doesn't look."""
    (ROOT / "var").mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=ROOT / "var", prefix="test-"))
    (path / "nlu").mkdir()
    (path / "nlu" / "greet.yml").write_text("hello")
    (path / "rules.yml").write_text("rules")
    yield path
    shutil.rmtree(path)


def test_a_digest_depends_on_content_alone(folder: Path) -> None:
    before = digest_of([folder])
    os.utime(folder / "rules.yml", (1, 1))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "rules.pyc").write_bytes(b"compiled")
    assert digest_of([folder]) == before == digest_of([folder])
    assert len(before) == 10


@pytest.mark.parametrize("change", ["content", "name", "new file", "removed file"])
def test_every_change_gives_another_digest(folder: Path, change: str) -> None:
    before = digest_of([folder])
    rules = folder / "rules.yml"
    if change == "content":
        rules.write_text("other")
    elif change == "name":
        rules.rename(folder / "stories.yml")
    elif change == "new file":
        (folder / "nlu" / "bye.yml").touch()
    else:
        rules.unlink()
    assert digest_of([folder]) != before


def test_a_disk_that_is_too_small_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"Only [\d.]+ GB are free in .+; 1000000 GB are needed\. Make room"):
        check_disk(tmp_path, needed_gb=1_000_000)


def test_a_disk_that_is_large_enough_is_silent_and_the_folder_is_made(tmp_path: Path) -> None:
    check_disk(tmp_path / "var", needed_gb=0)
    assert (tmp_path / "var").is_dir()


def test_only_the_newest_rasa_models_are_kept(tmp_path: Path) -> None:
    for age in range(6):
        for name in (f"rasa-{age}.tar.gz", f"rasa-{age}.tar.sha256"):
            (tmp_path / name).write_text("x")
            os.utime(tmp_path / name, (1_000 - age, 1_000 - age))
    (tmp_path / "other.tar.gz").write_text("x")
    forget_old_models(tmp_path)
    kept = {path.name for path in tmp_path.iterdir()} - {"other.tar.gz"}
    assert kept == {f"rasa-{age}.tar.{kind}" for age in range(RASA_MODELS_KEPT) for kind in ("gz", "sha256")}


def test_a_sum_is_that_of_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_training_that_fails_is_told_in_its_own_last_words(tmp_path: Path) -> None:
    rasa = tmp_path / "python"
    rasa.write_text("#!/bin/sh\necho 'InvalidDomain: two slots share a name'\nexit 1\n")
    rasa.chmod(0o755)
    settings = LocalSettings({"FRONTDESK_VAR": str(tmp_path / "var")})
    settings.__dict__["rasa_python"] = rasa
    with pytest.raises(FrontdeskError, match=r"could not be trained: InvalidDomain.* \(see .*rasa-train\.log\)"):
        train_rasa(settings, tmp_path / "out", "rasa-x")


@pytest.mark.parametrize("left", ["", "{", "[]", '{"code": "x"}', "null"])
def test_a_release_that_was_written_in_part_is_not_running(tmp_path: Path, left: str) -> None:
    settings = LocalSettings({"FRONTDESK_VAR": str(tmp_path)})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "release.json").write_text(left)
    release = Release("code", settings.digest(), "rasa-1.tar.gz", settings.ports)
    assert not release.is_running(settings)
    release.write(settings)
    assert release.is_running(settings)
