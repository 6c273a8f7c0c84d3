"""Past tickets: a folder of help-desk exports, one JSON object a line.

Only solved tickets with a filed resolution are kept, and only their subject and that resolution, anonymised.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.wire import Audience
from knowledge.connectors.report import Reading
from knowledge.documents import Document, DocumentPassage
from knowledge.privacy import anonymise

USABLE_RESOLUTION_CHARS = 40


class Person(BaseModel):
    name: str
    email: str


class Comment(BaseModel):
    author: str
    role: Literal["end-user", "agent"]
    body: str


class Ticket(BaseModel):
    """The fields we read of one exported ticket; others are ignored."""

    model_config = ConfigDict(extra="ignore")

    id: int
    subject: str
    status: str
    priority: str
    created_at: datetime
    updated_at: datetime
    product: str | None = None
    requester: Person
    assignee: Person | None = None
    resolution: str | None = None
    comments: tuple[Comment, ...] = ()

    @property
    def reusable(self) -> bool:
        solved = self.status in ("solved", "closed")
        return solved and len(self.resolution or "") >= USABLE_RESOLUTION_CHARS

    @property
    def people(self) -> set[str]:
        """Everybody whose name the ticket's own metadata tells."""
        agents = {self.assignee.name} if self.assignee else set()
        return {self.requester.name, *agents, *(comment.author for comment in self.comments)}

    def as_document(self) -> Document:
        subject = anonymise(self.subject, self.people)
        resolution = anonymise(self.resolution or "", self.people)
        passage = DocumentPassage(id=f"ticket:{self.id}", text=resolution, heading=subject, prompts=(subject,))
        return Document(
            id=passage.id,
            kind="ticket",
            title=subject,
            url="",
            product=self.product,
            audience=Audience.PUBLIC.value,
            updated_at=self.updated_at,
            passages=(passage,),
            extra={"priority": self.priority, "status": self.status, "created_at": self.created_at.isoformat()},
        )


def read(folder: Path) -> Reading:
    """All reusable tickets below `folder`."""
    reading = Reading(source="tickets", kind="ticket", location=folder.name)
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                ticket = Ticket.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                reading.left_out.append(f"{path.name} line {number}: {where}: {first['msg']}")
                continue
            if ticket.reusable:
                reading.documents.append(ticket.as_document())
    return reading
