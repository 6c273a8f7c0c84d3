"""The files: journals that only grow, no personal data, no names, whole or not at all."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from review.export import CORRECTION_FIELDS, VERDICT_FIELDS, export_feedback
from review.queue import Reviews
from tests.review.conftest import MINUTE, NOON, Shop, source

FILES = ("verdicts.csv", "corrections.csv", "regression.jsonl")
ANSWER = 'Say "restore", then:\n1. write to help@firm.example\n2. wait, please.'


@pytest.fixture
def cards(shop: Shop, reviews: Reviews) -> list[int]:
    for number in range(4):
        shop.turn(question=f"question {number}", text="Call +49 30 1234567, please.", at=NOON - (9 - number) * MINUTE)
    return [card.id for card in reviews.look(NOON).opened]


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_verdicts_and_corrections_come_back_as_they_were_but_masked(
    engine: Engine, reviews: Reviews, cards: list[int], tmp_path: Path
) -> None:
    reviews.correct(cards[0], "U07MARA", ANSWER, sources=[source(), source(id="p:2")], comment="x@y.example", at=NOON)
    done = export_feedback(engine, tmp_path)
    assert (done.verdicts, done.corrections, done.regression) == (1, 1, 1)
    (verdict,), (line,) = read(tmp_path, "verdicts.csv"), read(tmp_path, "corrections.csv")
    masked = ANSWER.replace("help@firm.example", "<email>")
    assert (verdict["before"], verdict["after"], verdict["comment"]) == ("Call <phone>, please.", masked, "<email>")
    assert (line["event"], line["question"], line["answer"]) == ("added", "question 0", masked)
    assert (line["sources"], line["lane"], line["audience"]) == ("faq:1 p:2", "sample", "public")
    (case,) = map(json.loads, (tmp_path / "regression.jsonl").read_text(encoding="utf-8").splitlines())
    assert case == {"id": line["id"], "question": "question 0", "answer": masked, "audience": "public"}


def test_operators_have_numbers_that_stay(engine: Engine, reviews: Reviews, cards: list[int], tmp_path: Path) -> None:
    reviews.approve(cards[0], "U-zoe", at=NOON)
    export_feedback(engine, tmp_path)
    reviews.correct(cards[1], "U-adam", ANSWER, at=NOON + MINUTE)
    reviews.reject(cards[2], "U-zoe", at=NOON + 2 * MINUTE)
    export_feedback(engine, tmp_path)
    said = [row["operator"] for row in read(tmp_path, "verdicts.csv")]
    assert said == ["operator-1", "operator-2", "operator-1"]
    assert [row["operator"] for row in read(tmp_path, "corrections.csv")] == ["operator-2"]
    assert not any(name in (tmp_path / file).read_text() for file in FILES for name in ("zoe", "adam"))


def test_a_later_export_begins_with_the_earlier_one(
    engine: Engine, reviews: Reviews, cards: list[int], tmp_path: Path
) -> None:
    steps = [
        lambda: reviews.correct(cards[0], "U1", ANSWER, at=NOON),
        lambda: reviews.correct(cards[1], "U2", "Other.", at=NOON + MINUTE),
        lambda: reviews.undo(cards[0], "U2", at=NOON + 2 * MINUTE),
        lambda: reviews.correct(cards[0], "U1", "Better.", at=NOON + 3 * MINUTE),
    ]
    export_feedback(engine, tmp_path)
    for step in steps:
        earlier = [(tmp_path / name).read_text(encoding="utf-8") for name in FILES[:2]]
        step()
        export_feedback(engine, tmp_path)
        later = [(tmp_path / name).read_text(encoding="utf-8") for name in FILES[:2]]
        assert all(new.startswith(old) and new != old for old, new in zip(earlier, later, strict=True))
    assert [row["event"] for row in read(tmp_path, "corrections.csv")] == ["added", "added", "retired", "added"]
    assert len((tmp_path / "regression.jsonl").read_text().splitlines()) == 2


def test_without_anything_there_are_headings(engine: Engine, tmp_path: Path) -> None:
    export_feedback(engine, tmp_path / "new" / "folder")
    written = [(tmp_path / "new" / "folder" / name).read_text() for name in FILES]
    assert written == [",".join(VERDICT_FIELDS) + "\n", ",".join(CORRECTION_FIELDS) + "\n", ""]


def test_an_export_that_fails_leaves_the_old_file(
    engine: Engine, reviews: Reviews, cards: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "feedback"
    export_feedback(engine, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    reviews.approve(cards[0], "U1", at=NOON)

    def full(_file: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        export_feedback(engine, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_would_not_change_is_not_written(engine: Engine, tmp_path: Path) -> None:
    export_feedback(engine, tmp_path)
    before = [(tmp_path / name).stat().st_ino for name in FILES]
    export_feedback(engine, tmp_path)
    assert [(tmp_path / name).stat().st_ino for name in FILES] == before
