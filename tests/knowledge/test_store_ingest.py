"""Ingesting: the store becomes equal to what was read, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from contracts.tables import DocumentRow, FaqRow, PassageRow, SourceRow, TicketRow, now
from knowledge.connectors.report import Reading
from knowledge.documents import Document, DocumentPassage
from knowledge.store.faqs import record_use
from knowledge.store.ingest import ingest


def make_document(kind: str = "page", passages: int = 2, **changes: object) -> Document:
    number = f"{kind}:{uuid4().hex[:8]}"
    pieces = tuple(
        DocumentPassage(id=f"{number}#{n}", text=f"text {n} é文", prompts=(f"p{n}",)) for n in range(passages)
    )
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    extra = {"priority": "high", "status": "solved", "created_at": moment.isoformat()} if kind == "ticket" else {}
    document = Document(number, kind, "Title", "https://x.example", "backup", "public", moment, pieces, extra)
    return replace(document, **changes)  # type: ignore[arg-type]


def reading(*documents: Document, left_out: tuple[str, ...] = ()) -> Reading:
    return Reading("pages", "page", "pages", list(documents), list(left_out))


def count(engine: Engine, table: type) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_new_documents_are_added_with_their_passages(engine: Engine) -> None:
    one, two = make_document(passages=2), make_document(passages=3)
    changes = ingest(engine, reading(one, two))
    assert (changes.added, changes.changed, changes.removed, changes.unchanged) == ([one.id, two.id], [], [], 0)
    assert (count(engine, DocumentRow), count(engine, PassageRow)) == (2, 5)


def test_reading_the_same_again_changes_nothing_but_the_time(engine: Engine) -> None:
    document = make_document()
    ingest(engine, reading(document))
    before = now()
    changes = ingest(engine, reading(document))
    assert (changes.added, changes.changed, changes.removed, changes.unchanged) == ([], [], [], 1)
    with Session(engine) as session:
        assert session.get_one(DocumentRow, document.id).synced_at >= before
        assert session.get_one(SourceRow, "pages").synced_at >= before


def test_a_changed_document_replaces_its_passages(engine: Engine) -> None:
    document = make_document(passages=3)
    ingest(engine, reading(document))
    changed = replace(document, passages=(replace(document.passages[0], text="new"),))
    assert ingest(engine, reading(changed)).changed == [document.id]
    with Session(engine) as session:
        assert list(session.scalars(select(PassageRow.text))) == ["new"]


def test_a_document_that_is_gone_is_removed_whole(engine: Engine) -> None:
    stays, goes = make_document("faq", 1), make_document("ticket", 1)
    ingest(engine, reading(stays, goes))
    assert ingest(engine, reading(stays)).removed == [goes.id]
    counts = [count(engine, table) for table in (DocumentRow, PassageRow, FaqRow, TicketRow)]
    assert counts == [1, 1, 1, 0]


def test_a_source_can_be_emptied(engine: Engine) -> None:
    ingest(engine, reading(make_document(), make_document()))
    assert len(ingest(engine, reading()).removed) == 2
    assert count(engine, DocumentRow) == 0


def test_an_unreadable_source_removes_nothing(engine: Engine) -> None:
    ingest(engine, reading(make_document()))
    changes = ingest(engine, reading(left_out=("pages.json: not readable",)))
    assert (changes.removed, changes.left_out) == ([], ["pages.json: not readable"])
    assert count(engine, DocumentRow) == 1


def test_a_source_leaves_the_others_alone(engine: Engine) -> None:
    ingest(engine, reading(make_document()))
    ingest(engine, Reading("faqs", "faq", "faqs", [make_document("faq", 1)], []))
    assert count(engine, DocumentRow) == 2


def test_a_failing_ingest_leaves_the_store_as_it_was(engine: Engine) -> None:
    good = make_document()
    ingest(engine, reading(good))
    twice = make_document()
    twice = replace(twice, passages=(twice.passages[0], twice.passages[0]))
    with pytest.raises(SQLAlchemyError):
        ingest(engine, reading(make_document(), twice))
    assert (count(engine, DocumentRow), count(engine, PassageRow)) == (1, 2)


def test_many_removals_fit_in_one_ingest(engine: Engine) -> None:
    ingest(engine, reading(*(make_document(passages=1) for _ in range(520))))
    assert len(ingest(engine, reading()).removed) == 520
    assert count(engine, PassageRow) == 0


def test_a_changed_faq_keeps_its_uses(engine: Engine) -> None:
    document = make_document("faq", 1)
    ingest(engine, reading(document))
    record_use(engine, document.id)
    changed = replace(document, passages=(replace(document.passages[0], text="better"),))
    ingest(engine, reading(changed))
    with Session(engine) as session:
        row = session.get_one(FaqRow, document.id)
        assert (row.answer, row.uses) == ("better", 1)


def test_an_imported_ticket_is_a_row_of_its_own(engine: Engine) -> None:
    document = make_document("ticket", 1)
    ingest(engine, Reading("tickets", "ticket", "tickets", [document], []))
    with Session(engine) as session:
        row = session.get_one(TicketRow, document.id)
        assert (row.origin, row.severity, row.email, row.conversation_id) == ("tickets", "high", None, None)
        assert row.updated_at - row.created_at == timedelta(0)


def test_a_ticket_opened_in_a_conversation_survives_a_sync(engine: Engine) -> None:
    moment = now()
    with Session(engine) as session, session.begin():
        session.add(
            TicketRow(
                number="T-000001",
                origin="conversation",
                summary="x",
                status="open",
                created_at=moment,
                updated_at=moment,
            )
        )
    ingest(engine, Reading("tickets", "ticket", "tickets", [], []))
    assert count(engine, TicketRow) == 1
