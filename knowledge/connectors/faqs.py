"""Curated FAQs: a folder of YAML files, each a list of questions with their answers."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.wire import Audience
from knowledge.connectors.report import Reading
from knowledge.documents import Document, DocumentPassage


class FaqEntry(BaseModel):
    """One item of a file, as `knowledge/sources/README.md` describes it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=100)]
    question: Annotated[str, Field(min_length=3)]
    answer: Annotated[str, Field(min_length=3)]
    asked: tuple[str, ...] = ()
    product: Annotated[str, Field(max_length=64)] | None = None
    audience: Audience = Audience.PUBLIC
    updated: date
    url: str

    def as_document(self) -> Document:
        passage = DocumentPassage(
            id=f"faq:{self.id}", text=self.answer, question=self.question, prompts=(self.question, *self.asked)
        )
        return Document(
            id=passage.id,
            kind="faq",
            title=self.question,
            url=self.url,
            product=self.product,
            audience=self.audience.value,
            updated_at=datetime.combine(self.updated, time(), UTC),
            passages=(passage,),
        )


def read(folder: Path) -> Reading:
    """All FAQs below `folder`."""
    reading = Reading(source="faqs", kind="faq", location=folder.name)
    for path in sorted(folder.glob("*.yaml")):
        try:
            items = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reading.left_out.append(f"{path.name}: not readable as YAML ({str(error).splitlines()[0]})")
            continue
        _read_items(items, path.name, reading)
    return reading


def _read_items(items: object, name: str, reading: Reading) -> None:
    if not isinstance(items, list):
        reading.left_out.append(f"{name}: a list of questions is expected")
        return
    known = {document.id for document in reading.documents}
    for number, item in enumerate(items, 1):
        try:
            document = FaqEntry.model_validate(item).as_document()
        except ValidationError as error:
            first = error.errors()[0]
            reading.left_out.append(f"{name} item {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
            continue
        if document.id in known:
            reading.left_out.append(f"{name} item {number}: the id {document.id} is taken already")
            continue
        known.add(document.id)
        reading.documents.append(document)
