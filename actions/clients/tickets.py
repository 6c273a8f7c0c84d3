"""Tickets opened in conversations: rows of the `tickets` table with numbers such as T-000123.

A turn opens one ticket at most. One that is run again, because a crash hid how it ended, gets the number that it got.
"""

import asyncio
from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from contracts.database import open_engine
from contracts.errors import NeighbourDown
from contracts.tables import TicketRow, now

ORIGIN = "chat"
NUMBER = "^T-[0-9]{6}$"  # an imported ticket may be called T-OLD-7
TRIES = 20


@dataclass(frozen=True)
class NewTicket:
    """`turn_id`: the turn that opens it; None when that is not known, and then each call opens another ticket."""

    conversation_id: str
    summary: str
    email: str | None = None
    product: str | None = None
    severity: str | None = None
    turn_id: str | None = None


@dataclass(frozen=True)
class TicketState:
    number: str
    status: str
    opened: str


class TicketStore:
    """Opens and looks up tickets. The database is asked in a thread, so that other turns go on."""

    def __init__(self, database_url: str) -> None:
        self._engine: Engine = open_engine(database_url)

    async def open(self, ticket: NewTicket) -> str:
        """Write the ticket, if its turn has not done so; returns its number.

        Raises NeighbourDown when the database can't take it.
        """
        try:
            return await asyncio.to_thread(self._open, ticket)
        except SQLAlchemyError as error:
            raise NeighbourDown(f"The ticket could not be stored ({type(error).__name__}).") from error

    async def find(self, number: str, conversation_id: str, email: str | None) -> TicketState | None:
        """A ticket of this conversation or of this e-mail address; others' tickets are not found."""
        try:
            return await asyncio.to_thread(self._find, number, conversation_id, email)
        except SQLAlchemyError as error:
            raise NeighbourDown(f"The ticket could not be looked up ({type(error).__name__}).") from error

    def _open(self, ticket: NewTicket) -> str:
        for attempt in range(TRIES):
            try:
                return self._number_of_turn(ticket.turn_id) or self._insert(ticket)
            except IntegrityError:  # in between, this turn wrote its ticket, or another one took the number
                if attempt == TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _number_of_turn(self, turn_id: str | None) -> str | None:
        if turn_id is None:
            return None
        with Session(self._engine) as session:
            return session.scalar(select(TicketRow.number).where(TicketRow.turn_id == turn_id))

    def _insert(self, ticket: NewTicket) -> str:
        with Session(self._engine) as session, session.begin():
            last = session.scalar(select(func.max(TicketRow.number)).where(TicketRow.number.regexp_match(NUMBER)))
            number = f"T-{int(last[2:]) + 1 if last else 1:06d}"
            moment = now()
            session.add(
                TicketRow(
                    number=number, origin=ORIGIN, conversation_id=ticket.conversation_id, turn_id=ticket.turn_id,
                    email=ticket.email, product=ticket.product, severity=ticket.severity, summary=ticket.summary,
                    status="open", created_at=moment, updated_at=moment,
                )
            )  # fmt: skip
        return number

    def _find(self, number: str, conversation_id: str, email: str | None) -> TicketState | None:
        with Session(self._engine) as session:
            row = session.get(TicketRow, number)
        if row is None or row.origin != ORIGIN:
            return None
        same_person = email is not None and row.email is not None and row.email.lower() == email.lower()
        if row.conversation_id != conversation_id and not same_person:
            return None
        return TicketState(row.number, row.status, f"{row.created_at:%-d %B %Y}")
