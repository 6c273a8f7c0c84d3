"""Times in the tables: aware and in UTC, whatever the database and its time zone."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from contracts.tables import AnswerRow, CardRow, SourceRow, UtcDateTime, now

DUBLIN_SUMMER = timezone(timedelta(hours=1))


def _source(moment: datetime) -> SourceRow:
    return SourceRow(id=uuid4().hex, kind="faq", location="here", synced_at=moment)


def _read_back(engine: Engine, source: SourceRow, zone: str | None = None) -> datetime:
    with Session(engine) as session, session.begin():
        session.add(source)
        session.flush()
        if zone:
            session.execute(text(f"SET TIME ZONE '{zone}'"))
        session.refresh(source)
        return source.synced_at


def test_a_time_comes_back_in_utc(engine: Engine) -> None:
    moment = _read_back(engine, _source(datetime(2026, 7, 1, 12, 0, tzinfo=DUBLIN_SUMMER)))
    assert moment == datetime(2026, 7, 1, 11, 0, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_a_time_is_utc_in_a_session_of_another_zone(engine: Engine) -> None:
    zone = "Asia/Tokyo" if engine.dialect.name == "postgresql" else None
    moment = _read_back(engine, _source(datetime(2026, 7, 1, 12, 0, 0, 123_456, tzinfo=UTC)), zone)
    assert moment.isoformat() == "2026-07-01T12:00:00.123456+00:00"


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="a time without a zone"):
        _read_back(engine, _source(datetime(2026, 7, 1, 12, 0)))


@given(moment=st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()))
def test_no_moment_moves_on_its_way_into_the_table(moment: datetime) -> None:
    bound = UtcDateTime().process_bind_param(moment, sqlite.dialect())
    assert bound is not None
    # Compared as UTC: Python calls no two zones equal in the hour that a clock repeats.
    read = UtcDateTime().process_result_value(bound.replace(tzinfo=None), sqlite.dialect())
    assert read == moment.astimezone(UTC)


def test_an_answer_keeps_its_evidence(engine: Engine) -> None:
    turn = uuid4().hex
    evidence = {"decision": "curated", "sources": [{"id": "faq:1", "score": 0.75}], "note": "é — 文"}
    row = AnswerRow(
        turn_id=turn, conversation_id="c", channel="web", question="q", text="t", status="answered",
        decision=None, evidence=evidence, total_ms=12.5,
    )  # fmt: skip
    with Session(engine) as session, session.begin():
        session.add(row)
    with Session(engine) as session:
        found = session.get_one(AnswerRow, turn)
        assert (found.evidence, found.total_ms) == (evidence, 12.5)
        assert abs(found.created_at - now()) < timedelta(minutes=1)


def test_a_review_needs_an_answer(engine: Engine) -> None:
    review = CardRow(turn_id=uuid4().hex, lane="sample", reasons=[], state="open")
    with Session(engine) as session:
        session.add(review)
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
            session.flush()
