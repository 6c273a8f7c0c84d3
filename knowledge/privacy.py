"""Anonymise a ticket before it becomes a passage: names known from its metadata, and everything with a shape."""

import re
from collections.abc import Iterable

from contracts.redaction import redact

MIN_NAME_PART = 3  # shorter parts ("Li", "de") would take ordinary words with them


def anonymise(text: str, people: Iterable[str]) -> str:
    """`text` without e-mails, numbers and the names of `people` (whole, or a part that is a word of its own)."""
    text = redact(text)
    for name in sorted(_spellings(people), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "<name>", text, flags=re.IGNORECASE)
    return re.sub(r"<name>(?:[ -]<name>)+", "<name>", text)


def _spellings(people: Iterable[str]) -> set[str]:
    names = {person.strip() for person in people if person.strip()}
    parts = {part for name in names for part in re.split(r"[\s.-]+", name) if len(part) >= MIN_NAME_PART}
    return {name for name in names | parts if len(name) >= MIN_NAME_PART}
