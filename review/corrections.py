"""Writing an operators' answer down. `knowledge.reviewed` finds it from then on."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from contracts.errors import BadRequest
from contracts.redaction import redact
from contracts.wire import MAX_QUESTION_CHARS, Audience, Source
from review.cards import CORRECTIONS

NO_ANSWER = "Write the answer that customers should get."
NO_QUESTION = f"Write the question in at most {MAX_QUESTION_CHARS} characters."


@dataclass(frozen=True)
class NewAnswer:
    """`turn` is the one that it corrects, if there is one."""

    question: str
    answer: str
    audience: Audience
    operator: str
    sources: Sequence[Source] = ()
    turn: str | None = None


def write_correction(connection: Connection, new: NewAnswer, at: datetime) -> None:
    """Raises BadRequest for an empty answer, or a question that is empty or too long."""
    question, answer = redact(new.question).strip(), new.answer.strip()
    if not answer:
        raise BadRequest(NO_ANSWER)
    if not 0 < len(question) <= MAX_QUESTION_CHARS:
        raise BadRequest(NO_QUESTION)
    connection.execute(
        insert(CORRECTIONS),
        {
            "id": f"fix:{secrets.token_hex(8)}", "question": question, "answer": answer,
            "sources": [source.model_dump(mode="json", exclude={"score"}) for source in new.sources],
            "audience": new.audience, "turn_id": new.turn, "operator": new.operator, "created_at": at, "changed_at": at,
        },
    )  # fmt: skip
