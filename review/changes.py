"""What happens to cards, and who is told of it in the same transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from sqlalchemy import Connection, Engine, text, update

from review.cards import CARDS, Card

LOOK_LOCK = 0x66726F6E74  # any number that nobody else locks


class Change(StrEnum):
    OPENED = "opened"
    EXTENDED = "extended"
    CLAIMED = "claimed"
    RELEASED = "released"
    LAPSED = "lapsed"
    DECIDED = "decided"
    UNDONE = "undone"
    TO_REMIND = "to_remind"
    TO_ESCALATE = "to_escalate"


# Called inside the transaction, so that what it writes (a row in the outbox, say) happens only if the change does.
Listener = Callable[[Connection, Change, Sequence[Card]], None]


def nobody_listens(_connection: Connection, _change: Change, _cards: Sequence[Card]) -> None:
    """The listener where nobody wants to know."""


@contextmanager
def one_at_a_time(engine: Engine) -> Iterator[Connection]:
    """A transaction for changing many cards: one in all processes; the others wait for the lock.

    On SQLite a write that changes nothing takes the one write lock before anything was read, since a transaction that
    has read and then wants to write fails without waiting.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(update(CARDS).where(CARDS.c.id == -1).values(state=CARDS.c.state))
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOOK_LOCK})
        yield connection
