"""Product pages: a folder of JSON files as Confluence's REST API gives them (`/rest/api/content?expand=body.storage`)."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml.etree import XMLSyntaxError

from contracts.wire import Audience
from knowledge.connectors.report import Reading
from knowledge.connectors.storage_format import Section, read_sections
from knowledge.documents import Document, DocumentPassage, pack_blocks, slug


def read(folder: Path) -> Reading:
    """All current pages below `folder`."""
    reading = Reading(source="pages", kind="page", location=folder.name)
    for path in sorted(folder.glob("*.json")):
        try:
            page = json.loads(path.read_text(encoding="utf-8"))
            if page["status"] == "current":
                reading.documents.append(read_page(page))
        except (ValueError, KeyError, TypeError, XMLSyntaxError) as error:
            reading.left_out.append(f"{path.name}: {type(error).__name__} {error}")
    return reading


def read_page(page: dict[str, Any]) -> Document:
    """One page of the REST API to a document, one passage a section (long sections become several)."""
    labels = [label["name"] for label in page["metadata"]["labels"]["results"]]
    links = page["_links"]
    return Document(
        id=f"page:{page['id']}",
        kind="page",
        title=page["title"],
        url=links["base"] + links["webui"],
        product=_label(labels, "product-"),
        # A page that nobody labelled is for staff: leaking is worse than not answering.
        audience=_label(labels, "audience-") or Audience.INTERNAL.value,
        updated_at=datetime.fromisoformat(page["version"]["when"]),
        passages=tuple(
            passage
            for section in read_sections(page["body"]["storage"]["value"])
            for passage in _passages(page, section)
        ),
    )


def _passages(page: dict[str, Any], section: Section) -> list[DocumentPassage]:
    return [
        DocumentPassage(
            id=f"page:{page['id']}#{slug(section.anchor)}" + (f".{part}" if part > 1 else ""),
            text=text,
            heading=section.heading,
            prompts=(f"{page['title']}: {section.heading}" if section.heading else page["title"],),
        )
        for part, text in enumerate(pack_blocks(section.blocks), 1)
    ]


def _label(labels: list[str], prefix: str) -> str | None:
    return next((label.removeprefix(prefix) for label in labels if label.startswith(prefix)), None)
