"""Reviewed answers: what operators wrote for a question is quoted to whoever asks the same in other words.

The live rows of `corrections` are held in memory with their embeddings, as a snapshot that is swapped whole. A refresh
reads what changed since the last one; `POST /corrections/sync` asks for one, a thread does it every few seconds.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import Unavailable
from contracts.tables import CorrectionRow, now
from contracts.wire import Audience, PassageKind, ReviewedAnswer, SearchRequest, Source
from knowledge.embedding import Embedder, Vectors
from knowledge.match import LEAST_COSINE, Match, Wording

log = logging.getLogger("frontdesk.knowledge")

TABLE = CorrectionRow.__table__
OVERLAP = timedelta(minutes=10)  # a row may be committed after a younger one, or come from a clock that is late
ALL_EVERY_SECONDS = 300.0  # then everything is compared, which also finds what was deleted
CHUNK = 200  # so many are embedded before the snapshot is swapped
BREATH_SECONDS = 0.01  # between chunks, for whoever waits for the lock
CANDIDATES = 8  # the nearest by cosine, which are compared word by word
TIE = 0.02  # probabilities no further apart are equal: the newer answer goes first
WORTH_TELLING = 0.05
TITLE = "Answer from our team"


@dataclass(frozen=True)
class Entry:
    """A live correction, and what its question is compared by."""

    answer: ReviewedAnswer
    vector: Vectors
    wording: Wording


class Snapshot:
    """The corrections that are live at one moment. Immutable."""

    def __init__(self, entries: Sequence[Entry], match: Match) -> None:
        self._entries, self._match = tuple(entries), match
        self._vectors = np.stack([entry.vector for entry in entries]) if entries else np.empty((0, 0), np.float32)
        self._public = np.array([entry.answer.audience is Audience.PUBLIC for entry in entries], dtype=np.bool_)

    def __len__(self) -> int:
        return len(self._entries)

    def nearest(self, question: str, vector: Vectors, audience: Audience) -> ReviewedAnswer | None:
        """The answer whose question most probably means the same, with that probability as its score."""
        near = self._near(vector, audience)
        if not near:
            return None
        asked = Wording.of(question)
        scores = {row: self._match.probability(asked, self._entries[row].wording, near[row]) for row in near}
        enough = max(max(scores.values()) - TIE, WORTH_TELLING)
        equal = (_told(self._entries[row].answer, score, near[row]) for row, score in scores.items() if score >= enough)
        return max(equal, key=lambda answer: (answer.updated_at, answer.score), default=None)

    def _near(self, vector: Vectors, audience: Audience) -> dict[int, float]:
        """Row → cosine of the few that come nearest."""
        allowed = np.arange(len(self)) if audience is Audience.INTERNAL else np.flatnonzero(self._public)
        if not len(allowed):
            return {}
        cosines = (self._vectors @ vector)[allowed]
        count = min(CANDIDATES, len(allowed))
        best = np.argpartition(-cosines, count - 1)[:count]
        return {int(allowed[i]): float(cosines[i]) for i in best if cosines[i] >= LEAST_COSINE}


class Corrections:
    """Keeps the snapshot up to date. `snapshot` may be read from any thread."""

    def __init__(self, engine: Engine, embedder: Embedder, match: Match) -> None:
        self.snapshot = Snapshot((), match)
        self._engine, self._embedder, self._match = engine, embedder, match
        self._entries: dict[str, Entry] = {}
        self._seen: dict[str, datetime] = {}
        self._since: datetime | None = None
        self._compared_all = 0.0
        self._away = False
        self._one_at_a_time = threading.Lock()
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None

    def nearest(self, request: SearchRequest, question: str, vector: Vectors) -> ReviewedAnswer | None:
        """What the asker may read. A search that is narrowed down is after passages and gets none."""
        if request.sources or request.products or (request.kinds and PassageKind.REVIEWED not in request.kinds):
            return None
        return self.snapshot.nearest(question, vector, request.audience)

    def refresh(self) -> int:
        """Take up what has changed, the newest `CHUNK` at a time; returns how many are left for the next call.

        What was committed before the call is answerable after it. Raises Unavailable when the database can't be read;
        what was live before goes on.
        """
        with self._one_at_a_time:
            try:
                left = self._step()
            except SQLAlchemyError as error:
                raise self._unavailable(error) from error
            if self._away:
                log.info("corrections are read again")
                self._away = False
            return left

    def watch(self, seconds: float) -> None:
        """Refresh in a thread of its own, now and every so many seconds, until `close`."""
        self._watcher = threading.Thread(target=self._watch, args=(seconds,), name="corrections")
        self._watcher.start()

    def close(self) -> None:
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()

    def _watch(self, seconds: float) -> None:
        while not self._stop.is_set():
            try:
                left = self.refresh()
            except Unavailable:  # logged when it began
                left = 0
            except Exception:  # the thread must live on
                log.exception("corrections could not be taken up")
                left = 0
            self._stop.wait(BREATH_SECONDS if left else seconds)

    def _step(self) -> int:
        everything = self._since is None or time.monotonic() - self._compared_all > ALL_EVERY_SECONDS
        with self._engine.connect() as connection:
            listed = _listed(connection, None if everything or self._since is None else self._since - OVERLAP)
            live = {row.id: row.changed_at for row in listed if row.retired_at is None}
            gone = self._seen.keys() - live.keys() if everything else {r.id for r in listed if r.retired_at is not None}
            new = sorted((id for id, at in live.items() if self._seen.get(id) != at), key=live.__getitem__)
            rows = _read(connection, new[-CHUNK:])
        self._change({row.id: self._entry(row) for row in rows if row.retired_at is None}, gone)
        self._seen |= {row.id: row.changed_at for row in rows}
        left = len(new[:-CHUNK])
        if not left:
            self._since = min(max((row.changed_at for row in listed), default=self._since or now()), now())
            self._compared_all = time.monotonic() if everything else self._compared_all
        return left

    def _change(self, new: dict[str, Entry | None], gone: set[str]) -> None:
        taken_up = {id: entry for id, entry in new.items() if entry is not None}
        for id in (gone | new.keys()) & self._seen.keys():
            self._entries.pop(id, None)
            del self._seen[id]
        self._entries |= taken_up
        if new or gone:
            self.snapshot = Snapshot(tuple(self._entries.values()), self._match)

    def _entry(self, row: Row[Any]) -> Entry | None:
        """None for a row that can't be read, which must not keep the others away."""
        try:
            answer = _answer(row)
        except (ValueError, TypeError, LookupError) as error:
            log.warning("correction %s can't be read: %s", row.id, type(error).__name__)
            return None
        return Entry(answer, self._embedder.encode([row.question])[0], Wording.of(row.question))

    def _unavailable(self, error: SQLAlchemyError) -> Unavailable:
        if not self._away:
            log.warning("corrections can't be read, those known so far go on: %s", type(error).__name__)
        self._away = True
        return Unavailable("The corrections can't be read from the database just now.")


def _told(answer: ReviewedAnswer, score: float, cosine: float) -> ReviewedAnswer:
    """The answer with how well it was met. Its pages have no score of their own: they are right if the match is."""
    score = round(score, 4)
    sources = tuple(source.model_copy(update={"score": score}) for source in answer.sources)
    return answer.model_copy(update={"score": score, "dense": round(cosine, 4), "sources": sources})


def _listed(connection: Connection, since: datetime | None) -> Sequence[Row[Any, Any, Any]]:
    """Id and state of all that live, or of all that changed since."""
    query = select(TABLE.c.id, TABLE.c.changed_at, TABLE.c.retired_at)
    which = TABLE.c.retired_at.is_(None) if since is None else TABLE.c.changed_at >= since
    return connection.execute(query.where(which)).all()


def _read(connection: Connection, ids: Sequence[str]) -> Sequence[Row[Any]]:
    return connection.execute(select(TABLE).where(TABLE.c.id.in_(ids))).all() if ids else ()


def _answer(row: Row[Any]) -> ReviewedAnswer:
    """Raises ValueError, TypeError or LookupError for a row that isn't as agreed."""
    if not row.question.strip() or not row.answer.strip():
        raise ValueError("nothing to find it by, or nothing to say")
    return ReviewedAnswer(
        id=row.id, kind=PassageKind.REVIEWED, title=TITLE, text=row.answer, question=row.question, url="",
        source="corrections", audience=Audience(row.audience), updated_at=row.changed_at, synced_at=now(),
        sources=tuple(Source.model_validate({**source, "score": 0.0}) for source in row.sources),
    )  # fmt: skip
