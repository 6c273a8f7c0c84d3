"""The tables, declared once for the processes that read and write them. Migrations: `knowledge/store/migrations`.

Times are UTC. JSON columns hold what the wire models dump.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Float, ForeignKey, Index, Integer, String, Text, false
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC times in and out, also on SQLite, which forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON,
        str: Text,
    }


class SourceRow(Base):
    """A place that knowledge comes from: a folder, a space, a help desk."""

    __tablename__ = "sources"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    location: Mapped[str]
    synced_at: Mapped[datetime]


class DocumentRow(Base):
    """A page, an FAQ or a ticket as last read. `digest` is the SHA-256 of what was read."""

    __tablename__ = "documents"
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    source_id: Mapped[str] = mapped_column(ForeignKey("sources.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str]
    url: Mapped[str]
    product: Mapped[str | None] = mapped_column(String(64))
    audience: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]
    synced_at: Mapped[datetime]


class PassageRow(Base):
    """A piece of a document that can answer a question; `prompts` are other wordings it is also found by."""

    __tablename__ = "passages"
    id: Mapped[str] = mapped_column(String(256), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    heading: Mapped[str]
    text: Mapped[str]
    question: Mapped[str | None]
    prompts: Mapped[list[Any]]


class FaqRow(Base):
    """A curated answer. `relevance` follows use: see `knowledge.store.faqs.record_use`."""

    __tablename__ = "faqs"
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    question: Mapped[str]
    answer: Mapped[str]
    product: Mapped[str | None] = mapped_column(String(64))
    audience: Mapped[str] = mapped_column(String(16))
    url: Mapped[str]
    relevance: Mapped[float] = mapped_column(Float, index=True)
    uses: Mapped[int] = mapped_column(Integer, default=0)
    updated_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class TicketRow(Base):
    """A support ticket: imported from a help desk (`origin` names it) or opened in a conversation.

    `turn_id` is unique, so that a turn that is run again after a crash finds the ticket it had opened.
    """

    __tablename__ = "tickets"
    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    origin: Mapped[str] = mapped_column(String(32), index=True)
    conversation_id: Mapped[str | None] = mapped_column(String(64), index=True)
    turn_id: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    email: Mapped[str | None]
    product: Mapped[str | None] = mapped_column(String(64))
    severity: Mapped[str | None] = mapped_column(String(16))
    summary: Mapped[str]
    resolution: Mapped[str | None]
    status: Mapped[str] = mapped_column(String(16), index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AnswerRow(Base):
    """One turn as it was answered, with everything it was made of (`contracts.wire.Evidence`)."""

    __tablename__ = "answers"
    turn_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    question: Mapped[str]
    text: Mapped[str]
    status: Mapped[str] = mapped_column(String(32))
    decision: Mapped[str | None] = mapped_column(String(16), index=True)
    evidence: Mapped[dict[str, Any] | None]
    total_ms: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (Index("ix_answers_conversation", "conversation_id", "created_at"),)


class CardRow(Base):
    """One turn that an operator is asked about; a turn has one card at most.

    `lane` is `sample` (by chance, for the estimate of quality) or `risk`; `reasons` say why it is here, also those that
    came later. `state` is `open`, `claimed` or `decided`. `channel` and `ts` say where Slack shows it.
    """

    __tablename__ = "review_cards"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    turn_id: Mapped[str] = mapped_column(ForeignKey("answers.turn_id"), unique=True)
    lane: Mapped[str] = mapped_column(String(16), index=True)
    reasons: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(16), index=True)
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_at: Mapped[datetime | None]
    channel: Mapped[str | None] = mapped_column(String(32))
    ts: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    decided_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]


class VerdictRow(Base):
    """What an operator decided; rows are only ever added. `kind` is `approve`, `correct`, `reject`, `needs_page`,
    `take_over` or `undo`, which names the row that it takes back."""

    __tablename__ = "verdicts"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("review_cards.id"), index=True)
    turn_id: Mapped[str] = mapped_column(String(64), index=True)
    operator: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    before: Mapped[str]
    after: Mapped[str | None]
    comment: Mapped[str | None]
    evidence: Mapped[dict[str, Any] | None]
    undoes: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(default=now)


class CorrectionRow(Base):
    """A reviewed answer: what an operator wrote for a question, live until `retired_at`.

    `sources` are `contracts.wire.Source` without a score. The id begins with `fix:`.
    """

    __tablename__ = "corrections"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    question: Mapped[str]
    answer: Mapped[str]
    sources: Mapped[list[Any]]
    audience: Mapped[str] = mapped_column(String(16))
    turn_id: Mapped[str | None] = mapped_column(String(64), index=True)
    operator: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now, index=True)
    retired_at: Mapped[datetime | None]


class GapRow(Base):
    """Questions of one kind that the knowledge doesn't answer. `state` is `open`, `drafted` or `closed`."""

    __tablename__ = "gaps"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    question: Mapped[str]
    turn_ids: Mapped[list[Any]]
    count: Mapped[int] = mapped_column(Integer)
    count_before: Mapped[int] = mapped_column(Integer)
    nearest_title: Mapped[str | None]
    nearest_url: Mapped[str | None]
    owner: Mapped[str | None]
    draft: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(16), index=True)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class OutboxRow(Base):
    """What is to be sent to the outside, in the order of `id` within a `line`; `key` makes it happen once.

    `state` is `waiting`, `sent` or `dead` (it can't be sent any more, `error` says why). `result` is what came back.
    """

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    channel: Mapped[str] = mapped_column(String(16))
    line: Mapped[str] = mapped_column(String(128))
    key: Mapped[str] = mapped_column(String(128), unique=True)
    method: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any] | None]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_outbox_state", "state", "line", "id"), {"sqlite_autoincrement": True})


class ConversationRow(Base):
    """A conversation that has at least one message. `customer` is the host site's id of a logged-in user.

    `person` is who of the team is in it; `person_state` is `asked`, `joined` or null. `card_id`: the review card in
    whose thread the talk is shown to operators. `rasa_paused`: what Rasa was told last, which follows `person_state`.
    """

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    customer: Mapped[str | None] = mapped_column(String(256), index=True)
    email: Mapped[str | None]
    person: Mapped[str | None] = mapped_column(String(64))
    person_state: Mapped[str | None] = mapped_column(String(16), index=True)
    person_since: Mapped[datetime | None]
    card_id: Mapped[int | None] = mapped_column(Integer)
    rasa_paused: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]


class MessageRow(Base):
    """What was said, and the inbox: a customer's message is `waiting` until its turn is over.

    While it waits, `text` and `request` hold it as it came, so that it survives a restart; afterwards `text` is without
    personal data and `request` is null. `content` is what a reply shows besides its text.
    """

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(String(16))
    key: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    turn_id: Mapped[str | None] = mapped_column(String(64), index=True)
    request: Mapped[dict[str, Any] | None]
    content: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_messages_conversation", "conversation_id", "id"),
        Index("ix_messages_key", "conversation_id", "key", unique=True),
        Index("ix_messages_state", "state"),
        {"sqlite_autoincrement": True},
    )


class RatingRow(Base):
    """What a customer thinks of a reply: `up` or `down`, with a reason."""

    __tablename__ = "ratings"
    turn_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(64), index=True)
    value: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(String(32))
    comment: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class UsedTokenRow(Base):
    """A token that works once and was used: an identity, a form, a quick reply. Kept until it expires anyway."""

    __tablename__ = "used_tokens"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
