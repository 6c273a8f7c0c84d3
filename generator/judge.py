"""How far do the passages support a draft? A judgement by words, numbers and negations, from 0 to 1.

Every sentence of the draft is held against the passages. Its support is the share of its content words found close
together in one passage; a number, version, price or code that no passage has makes it 0, and so does a negation that
the matching sentence lacks (or the other way round). The draft is as good as its worst sentence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])|\n+")
WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?", re.IGNORECASE)
NUMBER = re.compile(r"[$€£]?\d[\d.,]*\d|[$€£]?\d|[A-Z]{2,}-\d+")
NEGATION = re.compile(r"\b(?:not|no|never|neither|nor|without|none|cannot)\b|n't\b", re.IGNORECASE)
SMALL = frozenset(
    """a an the and or but if of to in on at by for from with as is are was were be been it its this that these those
    you your we our they their he she i my me do does did has have had will would can could should may might must
    so then than there here also which who what when where how not no""".split()
)


@dataclass(frozen=True)
class _Evidence:
    words: frozenset[str]
    numbers: frozenset[str]
    negated: bool


@dataclass(frozen=True)
class Verdict:
    """`cited`: ids of the passages that back at least one claim best."""

    support: float
    cited: tuple[str, ...]


def judge_support(draft: str, passages: Mapping[str, str]) -> Verdict:
    """How far `passages` (text by id) back `draft`; 0 when either is empty."""
    claims = [_read(claim) for claim in SENTENCE.split(draft.strip()) if WORD.search(claim) or NUMBER.search(claim)]
    windows = {name: _windows(text) for name, text in passages.items()}
    backing = [{name: _claim_support(claim, found) for name, found in windows.items()} for claim in claims]
    if not claims or not windows:
        return Verdict(0.0, ())
    best = [max(by_name, key=lambda name: by_name[name]) for by_name in backing]
    support = min(by_name[name] for by_name, name in zip(backing, best, strict=True))
    return Verdict(support, tuple(dict.fromkeys(best)))


def _windows(passage: str) -> list[_Evidence]:
    """Single sentences and pairs of neighbours: a claim may join two sentences, not two corners of a page."""
    sentences = [s for s in SENTENCE.split(passage) if s.strip()]
    return [_read(s) for s in sentences] + [_read(f"{a} {b}") for a, b in pairwise(sentences)]


def _read(text: str) -> _Evidence:
    words = (word.lower() for word in WORD.findall(text.replace("’", "'")))
    return _Evidence(
        words=frozenset(_stem(word) for word in words if word not in SMALL),
        numbers=frozenset(number.rstrip(".,") for number in NUMBER.findall(text)),
        negated=bool(NEGATION.search(text)),
    )


def _stem(word: str) -> str:
    return re.sub(r"(?:'s|ies|ing|ed|es|s|y)$", "", word) if len(word) > 4 else word


def _claim_support(claim: _Evidence, windows: Sequence[_Evidence]) -> float:
    return max(
        (
            len(claim.words & window.words) / max(len(claim.words), 1)
            for window in windows
            if claim.numbers <= window.numbers and claim.negated == window.negated
        ),
        default=0.0,
    )
