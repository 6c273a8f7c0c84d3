"""What became of questions and turns, counted from the database and from what can be read in Slack."""

import math
import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, func, insert, select

from contracts.tables import AnswerRow, Base, CardRow, MessageRow, OutboxRow, now
from pipeline.bench import percentile
from review.sampling import first_messages, in_sample, message_id

ANSWERS, CARDS, MESSAGES, OUTBOX = (
    Base.metadata.tables[row.__tablename__] for row in (AnswerRow, CardRow, MessageRow, OutboxRow)
)
AT_ONCE = 500
SAMPLE = "Sample"


@dataclass(frozen=True)
class Question:
    """Something that was asked; `channel` and `thread` are where its answer belongs."""

    ts: str
    channel: str
    thread: str | None


@dataclass(frozen=True)
class Post:
    """Something that the assistant has posted; `key` is that of the outbox."""

    channel: str
    thread: str | None
    key: str
    ts: str


@dataclass(frozen=True)
class Shown:
    """A card in the review channel, as operators read it."""

    lane: str
    turn: str
    ts: str


# --- counting


def count_answers(
    asked: Sequence[Question], turn_of: Mapping[str, str], posts: Sequence[Post], answered: Collection[str]
) -> dict[str, int]:
    """Each question by how often its answer stands where it belongs.

    `answered`: the turns that ended well; the one reply of another turn is an apology. Every post too many is doubled,
    also one that answers nothing.
    """
    times = Counter((post.channel, post.thread, post.key) for post in posts)
    places = [(one.channel, one.thread, reply_key(turn_of.get(one.ts, ""))) for one in asked]
    single = [one for one, place in zip(asked, places, strict=True) if times[place] == 1]
    well = sum(turn_of[one.ts] in answered for one in single)
    return {
        "answered_exactly_once": well,
        "apologies": len(single) - well,
        "unanswered": sum(times[place] == 0 for place in places),
        "doubled": len(posts) - len(times.keys() & set(places)),
    }


def count_cards(sampled: Collection[str], shown: Sequence[Shown]) -> dict[str, int]:
    """`sampled`: the turns that must have one card each. Too many are a turn's second card, and a card of the sample
    whose turn isn't in it."""
    cards = Counter(card.turn for card in shown)
    of_sample = {card.turn for card in shown if card.lane == SAMPLE}
    return {
        "sampled_turns": len(sampled),
        "cards_missing": len(set(sampled) - of_sample),
        "cards_too_many": sum(count - 1 for count in cards.values()) + len(of_sample - set(sampled)),
    }


def reply_key(turn: str) -> str:
    """The outbox key of a turn's reply."""
    return f"reply:{turn}"


def figure(value: float | None, sign: str, *wanted: float) -> dict[str, Any]:
    """A value beside its target; None and NaN reach none. `sign`: `=`, `<=`, `>=`, or `within` two numbers."""
    if value is None or math.isnan(value):
        value, reached = None, False
    elif sign == "within":
        reached = wanted[0] <= value <= wanted[1]
    else:
        reached = {"=": value == wanted[0], "<=": value <= wanted[0], ">=": value >= wanted[0]}[sign]
    target = f"{sign} {' and '.join(f'{round(number, 5):g}' for number in wanted)}"
    return {"value": None if value is None else round(value, 4), "target": target, "reached": reached}


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Middle and end of some times."""
    return {f"p{share}": round(percentile(list(values), share / 100), 1) for share in (50, 95, 99)} if values else None


# --- the database


def turns_of_questions(engine: Engine) -> dict[str, str]:
    """ts of a message in Slack → the turn that answers it."""
    said = select(MESSAGES.c.key, MESSAGES.c.turn_id).where(MESSAGES.c.author == "customer", MESSAGES.c.turn_id != "")
    with engine.connect() as connection:
        return {row.key: row.turn_id for row in connection.execute(said)}


def answered_turns(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(ANSWERS.c.turn_id).where(ANSWERS.c.status == "answered")))


def sampled_turns(engine: Engine, channels: Collection[str], rate: float) -> tuple[set[str], int]:
    """The turns that the sampling rule picks, and of how many."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(ANSWERS.c.turn_id, ANSWERS.c.conversation_id).where(ANSWERS.c.channel.in_(channels))
        ).all()
        turns = [row.turn_id for row in rows]
        firsts: dict[str, int] = {}
        for start in range(0, len(turns), AT_ONCE):
            firsts |= first_messages(connection, turns[start : start + AT_ONCE])
    picked = {
        row.turn_id
        for row in rows
        if in_sample(message_id(row.conversation_id, row.turn_id, firsts.get(row.turn_id)), rate)
    }
    return picked, len(turns)


def waiting(engine: Engine) -> dict[str, int]:
    """What is still in the inbox and in the outbox."""
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).where(table.c.state == "waiting")) or 0
            for table in (MESSAGES, OUTBOX)
        }


def open_cards(engine: Engine) -> int:
    """Those that stand in Slack."""
    with engine.connect() as connection:
        shown = select(OUTBOX.c.key).where(OUTBOX.c.state == "sent", OUTBOX.c.key.like("card:%"))
        keys = set(connection.scalars(shown))
        ids = connection.scalars(select(CARDS.c.id).where(CARDS.c.state == "open"))
        return sum(f"card:{id}" in keys for id in ids)


def add_sampled_answers(engine: Engine, conversation: str, count: int, rate: float) -> None:
    """Answers of which the review queue has to open a card each."""
    turns: list[str] = []
    while len(turns) < count:
        turn = f"t-{secrets.token_hex(6)}"
        if in_sample(message_id(conversation, turn, None), rate):
            turns.append(turn)
    rows = [
        {"turn_id": turn, "conversation_id": conversation, "channel": "slack", "question": f"Question {number}?",
         "text": f"Answer {number}.", "status": "answered", "decision": "curated", "evidence": None, "total_ms": 1.0,
         "created_at": now()}
        for number, turn in enumerate(turns)
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(ANSWERS), rows)


def times(engine: Engine) -> dict[str, Any]:
    """Milliseconds of what the database knows the beginning and the end of."""
    with engine.connect() as connection:
        answers = connection.execute(select(ANSWERS.c.total_ms, ANSWERS.c.evidence)).all()
        columns = OUTBOX.c.key, OUTBOX.c.created_at, OUTBOX.c.sent_at, OUTBOX.c.attempts
        sends = connection.execute(select(*columns).where(OUTBOX.c.state == "sent")).all()
    stages = [row.evidence["timings_ms"] for row in answers if row.evidence]

    def sending(kind: str) -> dict[str, float] | None:
        took = [row.sent_at - row.created_at for row in sends if row.key.partition(":")[0] == kind]
        return spread([one / timedelta(milliseconds=1) for one in took])

    return {
        "question_to_reply": spread([row.total_ms for row in answers]),
        **{f"of_it_{name}": spread([one[name] for one in stages if name in one]) for name in ("retrieve", "generate")},
        "reply_to_slack": sending("reply"),
        "card_to_slack": sending("card"),
        "sent_in_several_attempts": sum(row.attempts > 1 for row in sends),
    }


def correctable(engine: Engine, turns: Collection[str]) -> tuple[str, str] | None:
    """A turn among these, and its question, that was asked for itself; best one that got no answer."""
    with engine.connect() as connection:
        rows = connection.execute(select(ANSWERS).where(ANSWERS.c.decision.is_not(None))).all()
    alone = [row for row in rows if row.turn_id in turns and row.evidence and row.evidence["question"] == row.question]
    first = min(alone, key=lambda row: (row.decision != "unknown", row.created_at), default=None)
    return None if first is None else (first.turn_id, first.question)


def decision_of(engine: Engine, key: str) -> str | None:
    """How the reply with this outbox key was decided."""
    found = select(ANSWERS.c.decision).where(ANSWERS.c.turn_id == key.removeprefix(reply_key("")))
    with engine.connect() as connection:
        return connection.scalar(found)
