"""Write what a connector read into the store, all of a source in one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from contracts.tables import DocumentRow, FaqRow, PassageRow, SourceRow, TicketRow, now
from knowledge.connectors.report import Reading
from knowledge.documents import Document
from knowledge.store.faqs import first_relevance

BATCH = 500


@dataclass
class Changes:
    """Ids by what happened to them, and what the connector left out."""

    source: str
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    left_out: list[str] = field(default_factory=list)


def ingest(engine: Engine, reading: Reading) -> Changes:
    """Make the store equal to `reading`: add, replace what changed, remove what is gone.

    An unreadable source (nothing read, something left out) changes nothing.
    """
    changes = Changes(reading.source, left_out=reading.left_out)
    if not reading.documents and reading.left_out:
        return changes
    moment = now()
    with Session(engine) as session, session.begin():
        session.merge(SourceRow(id=reading.source, kind=reading.kind, location=reading.location, synced_at=moment))
        session.flush()
        digests = select(DocumentRow.id, DocumentRow.digest).where(DocumentRow.source_id == reading.source)
        known = {row.id: row.digest for row in session.execute(digests)}
        for document in reading.documents:
            if known.pop(document.id, None) == document.digest:
                changes.unchanged += 1
                continue
            replaced = session.get(DocumentRow, document.id) is not None
            (changes.changed if replaced else changes.added).append(document.id)
            _replace(session, document, reading.source, moment)
        _remove(session, known)
        changes.removed += sorted(known)
        _touch(session, reading.source, moment)
    return changes


def _replace(session: Session, document: Document, source: str, moment: datetime) -> None:
    session.execute(delete(PassageRow).where(PassageRow.document_id == document.id))
    session.merge(
        DocumentRow(
            id=document.id, source_id=source, kind=document.kind, title=document.title, url=document.url,
            product=document.product, audience=document.audience, digest=document.digest,
            updated_at=document.updated_at, synced_at=moment,
        )
    )  # fmt: skip
    session.flush()
    session.add_all(
        PassageRow(
            id=passage.id, document_id=document.id, position=position, heading=passage.heading,
            text=passage.text, question=passage.question, prompts=list(passage.prompts),
        )
        for position, passage in enumerate(document.passages)
    )  # fmt: skip
    if document.kind == "faq":
        _write_faq(session, document)
    elif document.kind == "ticket":
        _write_ticket(session, document, source)


def _write_faq(session: Session, document: Document) -> None:
    row = session.get(FaqRow, document.id)
    if row is None:
        row = FaqRow(id=document.id, relevance=first_relevance(document.updated_at), uses=0)
        session.add(row)
    row.question, row.answer = document.title, document.passages[0].text
    row.product, row.audience, row.url = document.product, document.audience, document.url
    row.updated_at = document.updated_at


def _write_ticket(session: Session, document: Document, source: str) -> None:
    session.merge(
        TicketRow(
            number=document.id, origin=source, product=document.product, severity=document.extra["priority"],
            summary=document.title, resolution=document.passages[0].text, status=document.extra["status"],
            created_at=datetime.fromisoformat(document.extra["created_at"]), updated_at=document.updated_at,
        )
    )  # fmt: skip


def _remove(session: Session, ids: Iterable[str]) -> None:
    gone = list(ids)
    for start in range(0, len(gone), BATCH):
        some = gone[start : start + BATCH]
        session.execute(delete(PassageRow).where(PassageRow.document_id.in_(some)))
        session.execute(delete(FaqRow).where(FaqRow.id.in_(some)))
        session.execute(delete(TicketRow).where(TicketRow.number.in_(some)))
        session.execute(delete(DocumentRow).where(DocumentRow.id.in_(some)))


def _touch(session: Session, source: str, moment: datetime) -> None:
    session.query(DocumentRow).filter(DocumentRow.source_id == source).update({DocumentRow.synced_at: moment})
