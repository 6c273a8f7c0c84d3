"""Write what operators decided as files under version control, for training, testing and for people to read.

`verdicts.csv` and `corrections.csv` are journals: a later export begins with the earlier one, line by line, also when
something was taken back. A correction that is taken back is a second line:

    at,event,id,question,answer,sources,audience,turn_id,lane,operator
    2026-03-04T12:00:00+00:00,added,fix:9f2c…,How do I restore a file?,"Open Versions, …",faq:desktop-08,public,t-1,sample,operator-1
    2026-03-04T12:05:00+00:00,retired,fix:9f2c…,,,,,,,

`regression.jsonl` holds the corrections that live: {"id": …, "question": …, "answer": …, "audience": …}.
Texts go through the patterns for personal data; operators are numbered in the order of their first decision.
"""  # noqa: E501

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from contracts.redaction import redact
from review.cards import CARDS, CORRECTIONS, VERDICTS

VERDICT_FIELDS = ("id", "at", "card_id", "turn_id", "lane", "operator", "kind", "before", "after", "comment", "undoes")
CORRECTION_FIELDS = (
    "at", "event", "id", "question", "answer", "sources", "audience", "turn_id", "lane", "operator",
)  # fmt: skip
ADDED, RETIRED = "added", "retired"


@dataclass(frozen=True)
class Exported:
    verdicts: int
    corrections: int
    regression: int


def export_feedback(engine: Engine, folder: Path) -> Exported:
    """Each file is replaced as a whole or not at all; one that wouldn't change is left alone."""
    with engine.connect() as connection:
        lanes = {row.turn_id: row.lane for row in connection.execute(select(CARDS.c.turn_id, CARDS.c.lane))}
        verdicts = connection.execute(select(VERDICTS).order_by(VERDICTS.c.id)).all()
        corrections = _corrections(connection)
    names = pseudonyms([*verdicts, *corrections])
    journal = _journal(corrections, lanes, names)
    live = [_question(row) for row in corrections if row.retired_at is None]
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "verdicts.csv", _csv(VERDICT_FIELDS, (_verdict(row, lanes, names) for row in verdicts)))
    _replace(folder / "corrections.csv", _csv(CORRECTION_FIELDS, journal))
    _replace(folder / "regression.jsonl", "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in live))
    return Exported(len(verdicts), len(corrections), len(live))


def pseudonyms(rows: Iterable[Row[Any]]) -> dict[str, str]:
    """Operator → `operator-1` and so on, by when each first decided something. Later decisions change no number."""
    first: dict[str, datetime] = {}
    for row in rows:
        at = row.at if "at" in row._fields else row.created_at
        first[row.operator] = min(first.get(row.operator, at), at)
    in_order = sorted(first, key=lambda operator: (first[operator], operator))
    return {operator: f"operator-{number}" for number, operator in enumerate(in_order, 1)}


def _corrections(connection: Connection) -> list[Row[Any]]:
    query = select(CORRECTIONS).order_by(CORRECTIONS.c.created_at, CORRECTIONS.c.id)
    return list(connection.execute(query))


def _verdict(row: Row[Any], lanes: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": row.id, "at": row.at.isoformat(), "card_id": row.card_id, "turn_id": row.turn_id,
        "lane": lanes.get(row.turn_id), "operator": names[row.operator], "kind": row.kind,
        "before": redact(row.before), "after": _masked(row.after), "comment": _masked(row.comment),
        "undoes": row.undoes,
    }  # fmt: skip


def _journal(
    corrections: Iterable[Row[Any]], lanes: Mapping[str, str], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What was added and retired, in the order in which it happened."""
    lines: list[dict[str, Any]] = []
    for row in corrections:
        lines.append(
            {
                "at": row.created_at.isoformat(), "event": ADDED, "id": row.id, "question": redact(row.question),
                "answer": redact(row.answer), "sources": " ".join(source["id"] for source in row.sources),
                "audience": row.audience, "turn_id": row.turn_id, "lane": lanes.get(row.turn_id or ""),
                "operator": names[row.operator],
            }
        )  # fmt: skip
        if row.retired_at is not None:
            lines.append({"at": row.retired_at.isoformat(), "event": RETIRED, "id": row.id})
    return sorted(lines, key=lambda line: (datetime.fromisoformat(line["at"]), line["id"], line["event"]))


def _question(row: Row[Any]) -> dict[str, str]:
    return {"id": row.id, "question": redact(row.question), "answer": redact(row.answer), "audience": row.audience}


def _masked(text: str | None) -> str | None:
    return None if text is None else redact(text)


def _csv(fields: tuple[str, ...], lines: Iterable[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fields, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def _replace(path: Path, text: str) -> None:
    """Readers see the old file or the new one, also when this process is killed."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
