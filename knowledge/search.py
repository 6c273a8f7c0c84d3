"""Find passages: FAISS over embeddings and BM25 over words, fused by a fitted model into a calibrated score.

Plain reciprocal-rank fusion loses to embeddings alone on FAQs, so the weights are fitted on the development half of
`datasets/questions` (`python -m pipeline.fit_fusion`) and kept in `knowledge/fusion.json`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from contracts.wire import Audience, Passage, ReviewedAnswer, SearchRequest, SearchResponse
from knowledge.embedding import Embedder, Vectors
from knowledge.follow_up import join_follow_up
from knowledge.index import Index
from knowledge.words import split_words

FUSION = Path(__file__).parent / "fusion.json"
CANDIDATES = 60
DAYS_A_YEAR = 365.25
Floats = npt.NDArray[np.floating[Any]]
# The reviewed answer for a request, its joined question and that question's vector.
Reviewed = Callable[[SearchRequest, str, Vectors], ReviewedAnswer | None]


def no_reviewed(request: SearchRequest, question: str, vector: Vectors) -> None:
    """For a search of passages alone."""


RANK_FEATURES = ("dense", "lexical", "years_old", "curated")
CALIBRATION_FEATURES = ("bias", "value", "lead", "dense", "known_words")


@dataclass(frozen=True)
class Fusion:
    """Two linear models over what both searches say of a passage; the fields hold a weight per feature name.

    `rank` orders the candidates. `calibration` turns the rank value of a passage, its lead over the best other one,
    its cosine and the share of the question's words known at all into the probability that it answers.
    """

    rank: dict[str, float]
    calibration: dict[str, float]

    @staticmethod
    def load(path: Path = FUSION) -> "Fusion":
        return Fusion(**json.loads(path.read_text()))

    def values(self, features: Floats) -> Floats:
        """[candidates, rank features] → rank values [candidates]."""
        return np.asarray(features @ np.array([self.rank[name] for name in RANK_FEATURES]))

    def probabilities(self, values: Floats, features: Floats, known_words: float) -> Floats:
        """Rank values and features of all candidates → probabilities [candidates]."""
        rows = self.calibration_features(values, features, known_words)
        logits = rows @ np.array([self.calibration[name] for name in CALIBRATION_FEATURES])
        return np.asarray(1.0 / (1.0 + np.exp(-logits)))

    @staticmethod
    def calibration_features(values: Floats, features: Floats, known_words: float) -> Floats:
        """[candidates, calibration features], in the order of CALIBRATION_FEATURES."""
        count = len(values)
        top = np.sort(values)[-2:] if count else np.zeros(1)
        best_other = np.where(values == top[-1], top[0], top[-1])
        return np.column_stack(
            [np.ones(count), values, values - best_other, features[:, 0], np.full(count, known_words)]
        )


@dataclass(frozen=True)
class Candidates:
    """What the two searches say of each passage worth ranking, all of one length."""

    rows: npt.NDArray[np.int64]
    dense: Floats
    lexical: Floats
    years_old: Floats
    curated: Floats
    known_words: float

    def features(self) -> Floats:
        """[candidates, rank features], in the order of RANK_FEATURES."""
        return np.column_stack([self.dense, self.lexical, self.years_old, self.curated])


class Searcher:
    """Search one index. Immutable: a new index gets a new searcher."""

    def __init__(self, index: Index, embedder: Embedder, fusion: Fusion) -> None:
        self.index, self._embedder, self._fusion = index, embedder, fusion
        newest = max(p.updated_at for p in index.passages)
        self._years_old = np.array(
            [(newest - p.updated_at).days / DAYS_A_YEAR for p in index.passages], dtype=np.float32
        )
        self._public = np.array([p.audience is Audience.PUBLIC for p in index.passages], dtype=np.bool_)
        self._everything = np.ones(len(index.passages), dtype=np.bool_)
        self._curated = np.array([p.kind == "faq" for p in index.passages], dtype=np.float32)

    def search(self, request: SearchRequest, reviewed: Reviewed = no_reviewed) -> SearchResponse:
        """The `k` best passages that the asker may see, and the reviewed answer that comes nearest."""
        started = time.perf_counter()
        question = join_follow_up(request.question, request.previous_question)
        vector = self._embedder.encode([question])[0]
        found = self._find(request, question, vector)
        values = self._fusion.values(found.features())
        scores = self._fusion.probabilities(values, found.features(), found.known_words)
        best = np.argsort(-values, kind="stable")[: request.k]
        return SearchResponse(
            question=question,
            passages=tuple(self._passage(found, int(i), float(scores[i])) for i in best),
            index_version=self.index.version,
            embedding_model=self.index.embedding_model,
            reviewed=reviewed(request, question, vector),
            took_ms=round((time.perf_counter() - started) * 1000, 3),
        )

    def find(self, request: SearchRequest) -> Candidates:
        """The union of both searches' best, with both figures for every one of them."""
        question = join_follow_up(request.question, request.previous_question)
        return self._find(request, question, self._embedder.encode([question])[0])

    def _find(self, request: SearchRequest, question: str, vector: Floats) -> Candidates:
        allowed = self._allowed(request)
        dense = self._dense(vector, allowed)
        lexical, known_words = self._lexical(question, allowed)
        rows = np.union1d(_best(dense), _best(lexical))
        rows = rows[allowed[rows]]
        for row in rows[dense[rows] == 0]:
            dense[row] = self._best_cosine(vector, int(row))
        return Candidates(rows, dense[rows], lexical[rows], self._years_old[rows], self._curated[rows], known_words)

    def _dense(self, vector: Floats, allowed: npt.NDArray[np.bool_]) -> Floats:
        """The best cosine of each passage's vectors with the question: [passages], 0 where none was near."""
        selector = faiss.IDSelectorBatch(np.flatnonzero(allowed[self.index.owners]).astype(np.int64))
        chosen = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        cosines, ids = self.index.vectors.search(
            vector[None], min(CANDIDATES * 3, self.index.vectors.ntotal), params=chosen
        )
        best = np.zeros(len(self.index.passages), dtype=np.float32)
        hits = ids[0] >= 0
        np.maximum.at(best, self.index.owners[ids[0][hits]], cosines[0][hits])
        return best

    def _best_cosine(self, vector: Floats, row: int) -> float:
        first, end = np.searchsorted(self.index.owners, [row, row + 1])
        return float((self.index.vectors.reconstruct_n(int(first), int(end - first)) @ vector).max())

    def _lexical(self, question: str, allowed: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
        """BM25 of each passage over the best possible for this question [passages], and the share of known words."""
        vocabulary = self.index.words.vocab_dict
        words = list(dict.fromkeys(split_words(question)))
        known = [vocabulary[word] for word in words if word in vocabulary]
        if not known:
            return np.zeros(len(self.index.passages), dtype=np.float32), 0.0
        scores = self.index.words.get_scores_from_ids(known) * allowed
        possible = float(self.index.best_of_word[known].sum())
        unknown = float(self.index.best_of_word.max()) * (len(words) - len(known))
        return (scores / (possible + unknown)).astype(np.float32), possible / (possible + unknown)

    def _allowed(self, request: SearchRequest) -> npt.NDArray[np.bool_]:
        audience = self._public if request.audience is Audience.PUBLIC else self._everything
        tests: list[Callable[[Passage], bool]] = []
        if request.kinds:
            tests.append(lambda p: p.kind in request.kinds)
        if request.sources:
            tests.append(lambda p: p.source in request.sources)
        if request.products:
            tests.append(lambda p: p.product in request.products)
        if not tests:
            return audience
        return audience & np.array([all(test(p) for test in tests) for p in self.index.passages], dtype=np.bool_)

    def _passage(self, found: Candidates, i: int, score: float) -> Passage:
        return self.index.passages[int(found.rows[i])].model_copy(
            update={
                "score": round(score, 4),
                "dense": round(float(found.dense[i]), 4),
                "lexical": round(float(found.lexical[i]), 4),
            }
        )


def _best(values: Floats, count: int = CANDIDATES) -> npt.NDArray[np.int64]:
    count = min(count, len(values))
    return np.argpartition(-values, count - 1)[:count].astype(np.int64)
