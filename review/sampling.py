"""Which turns are in the sample: by chance, but always the same ones.

The estimate of quality stands on this: whether a turn is in depends on the id of its message and the rate, never on
what was asked or answered, and a higher rate only ever adds turns.
"""

from collections.abc import Collection
from hashlib import sha256

from sqlalchemy import Connection, func, select

from contracts.tables import Base, MessageRow

MESSAGES = Base.metadata.tables[MessageRow.__tablename__]
BITS = 64


def in_sample(message_id: str, rate: float) -> bool:
    """The first 64 bits of SHA-256 as a fraction, below `rate` (0 to 1)."""
    digest = sha256(message_id.encode()).digest()[: BITS // 8]
    below: bool = int.from_bytes(digest, "big") < rate * 2**BITS
    return below


def message_id(conversation: str, turn: str, first_message: int | None) -> str:
    """The conversation and its message; the turn where no message was kept."""
    return f"{conversation}:{turn if first_message is None else first_message}"


def first_messages(connection: Connection, turns: Collection[str]) -> dict[str, int]:
    """Turn → id of the first customer's message that it answered."""
    found = connection.execute(
        select(MESSAGES.c.turn_id, func.min(MESSAGES.c.id))
        .where(MESSAGES.c.turn_id.in_(turns), MESSAGES.c.author == "customer")
        .group_by(MESSAGES.c.turn_id)
    )
    return {row[0]: row[1] for row in found}
