"""Keep every answer with what it was made of. What was asked is stored without personal data of a known shape."""

import asyncio
import logging

from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from contracts.database import open_engine
from contracts.redaction import redact
from contracts.tables import AnswerRow
from contracts.wire import ChatReply

log = logging.getLogger("frontdesk.gateway")

NOT_STORED = Counter("frontdesk_answers_not_stored_total", "Answers sent but not stored, by cause", ["cause"])


class AnswerLog:
    """Writes in a thread; a database that fails costs the record, never the customer's reply."""

    def __init__(self, database_url: str) -> None:
        self._engine = open_engine(database_url)

    async def write(self, conversation: str, channel: str, question: str, reply: ChatReply) -> None:
        row = AnswerRow(
            turn_id=reply.turn_id, conversation_id=conversation, channel=channel, question=redact(question),
            text=redact(reply.text), status=reply.status,
            decision=reply.evidence.decision if reply.evidence else None,
            evidence=_stored_evidence(reply), total_ms=reply.total_ms,
        )  # fmt: skip
        try:
            await asyncio.to_thread(self._insert, row)
        except SQLAlchemyError as error:
            NOT_STORED.labels(type(error).__name__).inc()
            log.error("turn=%s answered but not stored: %s", reply.turn_id, type(error).__name__)

    async def ready(self) -> bool:
        try:
            await asyncio.to_thread(self._ping)
        except SQLAlchemyError:
            return False
        return True

    def _insert(self, row: AnswerRow) -> None:
        with Session(self._engine) as session, session.begin():
            session.add(row)

    def _ping(self) -> None:
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        self._engine.dispose()


def _stored_evidence(reply: ChatReply) -> dict[str, object] | None:
    if reply.evidence is None:
        return None
    evidence = reply.evidence.model_copy(update={"question": redact(reply.evidence.question)})
    return evidence.model_dump(mode="json")
