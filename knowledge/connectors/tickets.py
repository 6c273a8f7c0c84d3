"""Past tickets: a folder of help-desk exports, one JSON object a line.

Only solved tickets with a filed resolution are kept, and only their subject and that resolution. A resolution in which
personal data is found is left out and named: what one rule finds, another may miss. Agents keep a ticket out by the tag
`no-knowledge`. Names of third parties that stand nowhere in the ticket's metadata are not recognised yet.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from contracts.wire import Audience
from knowledge.connectors.report import Reading
from knowledge.documents import Document, DocumentPassage
from knowledge.privacy import anonymise

USABLE_RESOLUTION_CHARS = 40
KEEP_OUT = "no-knowledge"


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
    created_at: AwareDatetime
    updated_at: AwareDatetime
    tags: tuple[str, ...] = ()
    product: Annotated[str, Field(max_length=64)] | None = None
    requester: Person
    assignee: Person | None = None
    resolution: str | None = None
    comments: tuple[Comment, ...] = ()

    @property
    def reusable(self) -> bool:
        solved = self.status in ("solved", "closed")
        return solved and KEEP_OUT not in self.tags and len(self.resolution or "") >= USABLE_RESOLUTION_CHARS

    @property
    def careless(self) -> bool:
        """Does the resolution hold personal data?"""
        return anonymise(self.resolution or "", self.people) != (self.resolution or "")

    @property
    def people(self) -> set[str]:
        """Everybody whose name the ticket's own metadata tells."""
        agents = {self.assignee.name} if self.assignee else set()
        return {self.requester.name, *agents, *(comment.author for comment in self.comments)}

    def as_document(self) -> Document:
        subject = anonymise(self.subject, self.people)
        passage = DocumentPassage(id=f"ticket:{self.id}", text=self.resolution or "", prompts=(subject,))
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
        try:
            # Not splitlines(): inside JSON strings it would also cut at U+2028 and its like.
            lines = path.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError:
            reading.left_out.append(f"{path.name}: not readable as UTF-8")
            continue
        _read_lines(lines, path.name, reading)
    return reading


def _read_lines(lines: list[str], name: str, reading: Reading) -> None:
    known = {document.id for document in reading.documents}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            ticket = Ticket.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            reading.left_out.append(f"{name} line {number}: {where}: {first['msg']}")
            continue
        if not ticket.reusable:
            continue
        if ticket.careless:
            where = f"{name} line {number}: ticket {ticket.id}"
            reading.left_out.append(f"{where}: its resolution holds personal data; clean it in the help desk")
            continue
        document = ticket.as_document()
        if document.id in known:
            reading.left_out.append(f"{name} line {number}: the id {document.id} is taken already")
            continue
        known.add(document.id)
        reading.documents.append(document)
