"""Product pages: a folder of JSON files as Confluence's REST API gives them.

What `/rest/api/content?expand=body.storage,version,space,ancestors,metadata.labels` answers, one page a file.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml.etree import XMLSyntaxError

from contracts.wire import Audience
from knowledge.connectors.report import Reading
from knowledge.connectors.storage_format import Section, read_sections
from knowledge.documents import Document, DocumentPassage, pack_blocks


def read(folder: Path) -> Reading:
    """All current pages below `folder`."""
    reading = Reading(source="pages", kind="page", location=folder.name)
    for path in sorted(folder.glob("*.json")):
        try:
            page = json.loads(path.read_text(encoding="utf-8"))
            if page["status"] != "current":
                continue
            document = read_page(page)
            if any(known.id == document.id for known in reading.documents):
                raise ValueError(f"the id {document.id} is taken already")
            reading.documents.append(document)
        except (ValueError, KeyError, TypeError, AttributeError, XMLSyntaxError) as error:
            reading.left_out.append(f"{path.name}: {type(error).__name__} {error}")
    return reading


def read_page(page: dict[str, Any]) -> Document:
    """One page of the REST API to a document, one passage a section (long sections become several)."""
    labels = [label["name"] for label in page["metadata"]["labels"]["results"]]
    links, when = page["_links"], datetime.fromisoformat(page["version"]["when"])
    if when.tzinfo is None:
        raise ValueError(f"a time without a zone: {when}")
    return Document(
        id=f"page:{page['id']}",
        kind="page",
        title=page["title"].strip(),
        url=links["base"] + links["webui"],
        product=_label(labels, "product-"),
        audience=_audience(labels).value,
        updated_at=when,
        passages=tuple(
            passage
            for section in read_sections(page["body"]["storage"]["value"])
            for passage in _passages(page, section)
        ),
    )


def _passages(page: dict[str, Any], section: Section) -> list[DocumentPassage]:
    return [
        DocumentPassage(
            id=f"page:{page['id']}#{section.anchor}" + (f".{part}" if part > 1 else ""),
            text=text,
            heading=section.heading,
            prompts=(f"{page['title']}: {section.heading}" if section.heading else page["title"],),
        )
        for part, text in enumerate(pack_blocks(section.blocks), 1)
    ]


def _audience(labels: list[str]) -> Audience:
    """A page that nobody labelled, or labelled both ways, is for staff: leaking is worse than not answering."""
    named = {Audience(label.removeprefix("audience-")) for label in labels if label.startswith("audience-")}
    return Audience.PUBLIC if named == {Audience.PUBLIC} else Audience.INTERNAL


def _label(labels: list[str], prefix: str) -> str | None:
    return next((label.removeprefix(prefix) for label in labels if label.startswith(prefix)), None)
