"""What connectors give: documents cut into passages, before anything is stored or embedded."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

MAX_PASSAGE_CHARS = 1_200
MAX_SLUG_CHARS = 80


@dataclass(frozen=True)
class DocumentPassage:
    """A piece that can answer. `prompts`: questions and headings it should also be found by."""

    id: str
    text: str
    heading: str = ""
    question: str | None = None
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A page, an FAQ or a ticket with its passages. `kind`: `faq`, `page` or `ticket`."""

    id: str
    kind: str
    title: str
    url: str
    product: str | None
    audience: str
    updated_at: datetime
    passages: tuple[DocumentPassage, ...]
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of everything in it: two documents with one digest need no work."""
        content = json.dumps(asdict(self), default=str, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def slug(heading: str) -> str:
    """`Restore one file (web)` → `restore-one-file-web`."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower())[:MAX_SLUG_CHARS].strip("-") or "intro"


def pack_blocks(blocks: list[str], limit: int = MAX_PASSAGE_CHARS) -> list[str]:
    """Join paragraphs, lists and table rows into texts of at most `limit` characters.

    A block is never cut in mid-sentence: one longer than the limit stands alone, cut at sentence ends.
    """
    texts: list[str] = []
    for piece in [piece for block in blocks if block.strip() for piece in _cut_at_sentences(block, limit)]:
        if texts and len(texts[-1]) + len(piece) + 1 <= limit:
            texts[-1] += "\n" + piece
        else:
            texts.append(piece)
    return texts


def _cut_at_sentences(block: str, limit: int) -> list[str]:
    if len(block) <= limit:
        return [block]
    pieces = [""]
    for sentence in re.split(r"(?<=[.!?])\s+|\n", block):
        if pieces[-1] and len(pieces[-1]) + len(sentence) + 1 > limit:
            pieces.append("")
        pieces[-1] = f"{pieces[-1]} {sentence}".strip()
    return [piece for piece in pieces if piece]
