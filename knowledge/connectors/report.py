"""What a connector could not read, told item by item."""

from dataclasses import dataclass, field

from knowledge.documents import Document


@dataclass
class Reading:
    """Documents of one source and the items left out, each with its reason."""

    source: str
    kind: str
    location: str
    documents: list[Document] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
