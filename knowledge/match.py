"""Do two questions mean the same? A fitted probability from how near their embeddings are and what sets them apart.

Embeddings alone can't tell `How do I turn on 2FA?` from `How do I turn off 2FA?`: their cosine is that of a good
paraphrase. So the words are compared as well: what only one of the two says, and what excludes each other, such as
opposites, numbers, plans and platforms. The weights are fitted on the development half of `datasets/reviewed`
(`python -m pipeline.fit_reviewed`) and kept in `knowledge/reviewed.json`.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log1p
from pathlib import Path

from knowledge.lexicon import ALIKE, NEGATIONS, OPPOSITES, PHRASES, RIVALS, STOP, TYPES
from knowledge.words import WORD, stem

MODEL = Path(__file__).parent / "reviewed.json"
LEAST_COSINE = 0.35  # of questions further apart than this, none of the development half means the same for sure
MOST_WORDS = 40  # what a long question says after so many is counted, but not compared
LONG_WORD = 7  # two typos are believed in a word of so many letters, one in a shorter one
SHORTEST_TYPO = 3  # in so short a word, letters may be missing or swapped, not others
FEATURES = (
    "bias", "cosine", "says_other", "says_more", "says_less", "words_added", "words_left_out", "numbers_differ",
    "number_on_one_side", "rivals_differ", "rival_on_one_side", "opposite", "order_differs", "turned",
    "negated", "type_differs",
)  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """What a question says. `words`: its content words in the form of `lexicon.ALIKE`, each with how it was typed.

    `type`: what it asks for (a reason, a price …), if that shows. `more`: content words beyond MOST_WORDS.
    """

    words: dict[str, str]
    negated: bool
    type: str | None
    more: int = 0

    @staticmethod
    def of(text: str) -> "Wording":
        plain = text.lower().replace("’", "'")
        for pattern, instead in PHRASES:
            plain = pattern.sub(instead, plain)
        tokens = WORD.findall(plain)
        words: dict[str, str] = {}
        for token in tokens:
            if token not in STOP:
                stemmed = stem(token)
                words.setdefault(ALIKE.get(stemmed, stemmed), token)
        return Wording(
            words=dict(list(words.items())[:MOST_WORDS]),
            negated=any(token in NEGATIONS for token in tokens),
            type=next((name for name, pattern in TYPES if pattern.search(plain)), None),
            more=max(len(words) - MOST_WORDS, 0),
        )

    def spelt_like(self, other: "Wording") -> "Wording":
        """With the words of the other that these are typos of: `bakcup` becomes `backup` if the other says it."""
        if self.words.keys() == other.words.keys():
            return self
        missing = {word: typed for word, typed in other.words.items() if word not in self.words}
        words: dict[str, str] = {}
        for word, typed in self.words.items():
            meant = None if word in other.words else next((w for w, t in missing.items() if is_typo(typed, t)), None)
            words.setdefault(meant or word, typed)
        return Wording(words, self.negated, self.type, self.more)


@dataclass(frozen=True)
class Match:
    """A logistic model: one weight per name in FEATURES. `threshold` is not in here but in `params.yaml`."""

    weights: tuple[float, ...]

    @staticmethod
    def load(path: Path = MODEL) -> "Match":
        fitted = json.loads(path.read_text())
        return Match(tuple(fitted[name] for name in FEATURES))

    def probability(self, asked: Wording, reviewed: Wording, cosine: float) -> float:
        """That an answer to the reviewed question answers the asked one."""
        values = features(asked, reviewed, cosine)
        return 1.0 / (1.0 + exp(-sum(weight * value for weight, value in zip(self.weights, values, strict=True))))


def features(asked: Wording, reviewed: Wording, cosine: float) -> tuple[float, ...]:
    """What the probability is made of, in the order of FEATURES; all but the first two are 0 for the same words."""
    asked = asked.spelt_like(reviewed)
    ours, theirs = list(asked.words), list(reviewed.words)
    alone = asked.words.keys() ^ reviewed.words.keys()
    added = len(asked.words.keys() - reviewed.words.keys()) + asked.more
    left_out = len(reviewed.words.keys() - asked.words.keys()) + reviewed.more
    numbers, rivals = (_numbers(ours), _numbers(theirs)), (_by_group(ours), _by_group(theirs))
    shared = rivals[0].keys() & rivals[1].keys()
    values = (
        1.0,
        cosine,
        added > 0 and left_out > 0,
        added > 0 and not left_out,
        left_out > 0 and not added,
        log1p(added),
        log1p(left_out),
        all(numbers) and numbers[0] != numbers[1],
        any(numbers) and not all(numbers),
        any(set(rivals[0][group]) != set(rivals[1][group]) for group in shared),
        rivals[0].keys() != rivals[1].keys(),
        _takes_other_side(ours, theirs),
        any(rivals[0][g] != rivals[1][g] and set(rivals[0][g]) == set(rivals[1][g]) for g in shared),
        any(word in OPPOSITES for word in alone),
        asked.negated != reviewed.negated,
        None not in (asked.type, reviewed.type) and asked.type != reviewed.type,
    )
    return tuple(float(value) for value in values)


def is_typo(typed: str, meant: str) -> bool:
    """`bakcup` of `backup`: same beginning, one slip, or two in a long word. A number is never one of another."""
    short = min(len(typed), len(meant))
    if short < SHORTEST_TYPO or any(c.isdigit() for c in typed + meant):
        return False
    if typed[0] != meant[0] and sorted(typed[:2]) != sorted(meant[:2]):
        return False
    if short == SHORTEST_TYPO and Counter(typed) - Counter(meant) and Counter(meant) - Counter(typed):
        return False
    slips = 1 if short < LONG_WORD else 2
    return abs(len(typed) - len(meant)) <= slips and _edits(typed, meant) <= slips


def _edits(a: str, b: str) -> int:
    """Letters added, left out, replaced or swapped with the next (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _numbers(words: Sequence[str]) -> set[str]:
    return {word for word in words if any(c.isdigit() for c in word)}


def _by_group(words: Sequence[str]) -> dict[int, list[str]]:
    """Group of words that exclude each other → those that are named, in their order."""
    groups: dict[int, list[str]] = {}
    for word in words:
        for group in RIVALS.get(word, ()):
            groups.setdefault(group, []).append(word)
    return groups


def _takes_other_side(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """One says only one side of a pair of opposites, the other only the other."""
    a = {side for word in ours for side in OPPOSITES.get(word, ())}
    b = {side for word in theirs for side in OPPOSITES.get(word, ())}
    return any((pair, 1 - side) in b - a and (pair, side) not in b for pair, side in a)
