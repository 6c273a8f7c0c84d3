"""Put questions that ask the same thing together: vectors from n-grams, and average-linkage clustering.

For a few thousand questions a night, with numpy alone. Any other vectors (of a sentence model, say) do as well.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Vectors = Callable[[Sequence[str]], Floats]  # texts → [texts, dimensions]

DIMENSIONS = 4_096
CHARS = (3, 4, 5)
WORD_WEIGHT = 2.0


def ngram_vectors(texts: Sequence[str]) -> Floats:
    """TF-IDF of words and of the character n-grams inside them, hashed; rows of length 1 (0 for a text without words).

    Sub-linear term frequency and smoothed inverse document frequency, both as in scikit-learn's TfidfVectorizer.
    """
    counts = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in enumerate(texts):
        for gram, count in Counter(_grams(text)).items():
            weight = WORD_WEIGHT if gram.startswith("w") else 1.0
            counts[row, crc32(gram.encode()) % DIMENSIONS] += weight * (1 + np.log(count))
    documents = np.count_nonzero(counts, axis=0)
    counts *= (np.log((1 + len(texts)) / (1 + documents)) + 1).astype(np.float32)
    return unit_rows(counts)


def source_vectors(found: Sequence[Sequence[tuple[str, float]]]) -> Floats:
    """The pages found for each question, as (id, score) → [questions, pages]; rows of length 1, or 0 without a page."""
    ids = sorted({id for sources in found for id, _ in sources})
    column = {id: place for place, id in enumerate(ids)}
    scores = np.zeros((len(found), max(len(ids), 1)), dtype=np.float32)
    for row, sources in enumerate(found):
        for id, score in sources:
            scores[row, column[id]] = score
    return unit_rows(scores)


def unit_rows(vectors: Floats) -> Floats:
    """Each row divided by its length; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def cosine_distances(one: Floats, other: Floats) -> Floats:
    """[n, d], [m, d], rows of length 1 → [n, m], from 0 to 2."""
    return np.asarray(np.clip(1.0 - one @ other.T, 0.0, 2.0), dtype=np.float32)


def clusters(vectors: Floats, most: float) -> list[list[int]]:
    """Agglomerative, average linkage (UPGMA): the two nearest clusters become one while their average distance is at
    most `most`. Rows of length 1; the rows of each cluster in order, clusters by their first row. O(n²) memory.
    """
    count = len(vectors)
    if not count:
        return []
    distances = cosine_distances(vectors, vectors).astype(np.float64)
    np.fill_diagonal(distances, np.inf)
    members = [[row] for row in range(count)]
    nearest = distances.argmin(axis=1)
    while True:
        least = distances[np.arange(count), nearest]
        one = int(least.argmin())
        other = int(nearest[one])
        if not least[one] <= most:
            return sorted(sorted(cluster) for cluster in members if cluster)
        _join(distances, members, one, other)
        stale = np.flatnonzero((nearest == one) | (nearest == other))
        nearest[stale] = distances[stale].argmin(axis=1)
        nearest[one] = distances[one].argmin()
        closer = distances[:, one] < distances[np.arange(count), nearest]
        nearest[closer] = one


def medoid(vectors: Floats, rows: Sequence[int]) -> int:
    """The row that is nearest to the others on average; the first of equals."""
    within = cosine_distances(vectors[list(rows)], vectors[list(rows)]).sum(axis=1)
    return rows[int(np.round(within, 5).argmin())]


def _join(distances: NDArray[np.float64], members: list[list[int]], one: int, other: int) -> None:
    """`other` becomes part of `one`. Lance and Williams' update: the average weighted by the sizes."""
    sizes = len(members[one]), len(members[other])
    joined = (sizes[0] * distances[one] + sizes[1] * distances[other]) / sum(sizes)
    distances[one], distances[:, one] = joined, joined
    distances[other], distances[:, other] = np.inf, np.inf
    distances[one, one] = np.inf
    members[one] += members[other]
    members[other] = []


def _grams(text: str) -> Iterator[str]:
    for word in re.findall(r"[^\W_]+", text.casefold()):
        yield f"w{word}"
        padded = f" {word} "
        for size in CHARS:
            yield from (f"c{padded[start : start + size]}" for start in range(len(padded) - size + 1))
