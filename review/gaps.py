"""The gap radar: which questions does the knowledge not answer, how often, and is it getting worse?

Every night the unanswered and the disliked questions of the last two periods are put together by kind. Each kind is a
gap with a count, its trend against the period before, the page that comes nearest, and a draft of the FAQ that is
missing. A gap is the same one tomorrow when it shares a turn with today's, and closes itself when its question has been
answered since. A run may be repeated: the same turns give the same gaps.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, Row, and_, false, insert, or_, select, update

from contracts.errors import NotFound, Used
from contracts.redaction import redact
from contracts.tables import Base, FaqRow, GapRow
from contracts.wire import Audience, Decision
from review.cards import ANSWERS, CORRECTIONS, RATINGS
from review.changes import one_at_a_time
from review.clusters import (
    Floats,
    Vectors,
    clusters,
    cosine_distances,
    medoid,
    ngram_vectors,
    source_vectors,
    unit_rows,
)
from review.corrections import NewAnswer, write_correction
from review.settings import ReviewParams

FAQS, GAPS = (Base.metadata.tables[row.__tablename__] for row in (FaqRow, GapRow))
OPEN, DRAFTED, CLOSED = "open", "drafted", "closed"
MOST_QUESTIONS = 3_000  # the newest; clustering takes their square in memory
MOST_ANSWERED = 5_000
PAGES_WEIGHT = 0.5  # of the pages that were found for two questions, against their words
FROM_PAGE = (
    "Nobody has written this answer yet. The page that comes nearest is “{title}” ({url}); it was found, but doesn't "
    "say it clearly enough."
)
NO_SUCH_GAP = "There is no such gap."
GAP_CLOSED = "This gap is closed already; somebody was faster."
FROM_NOTHING = "Nobody has written this answer yet, and no page comes near it."


@dataclass(frozen=True)
class Asked:
    """A question that got no answer, or one that the customer disliked. `sources`: (id, title, url, score)."""

    turn: str
    question: str
    at: datetime
    sources: tuple[tuple[str, str, str, float], ...]
    audience: Audience


@dataclass(frozen=True)
class Answer:
    """A question that is answered since `at`. `turn` and `text` are those of a correction."""

    question: str
    at: datetime
    audience: Audience
    turn: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Gap:
    """A row of `gaps`. `question` is the one nearest to all others, without personal data."""

    id: str
    question: str
    turn_ids: tuple[str, ...]
    count: int
    count_before: int
    nearest_title: str | None
    nearest_url: str | None
    owner: str | None
    draft: str
    state: str
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        return {name: _plain(value) for name, value in vars(self).items()}


def find_gaps(engine: Engine, params: ReviewParams, now: datetime, vectors: Vectors = ngram_vectors) -> list[Gap]:
    """Run the radar as of `now` and write down what it found; all gaps that aren't closed, the most asked first.

    `vectors`: texts → [texts, d]. Raises SQLAlchemyError.
    """
    period = timedelta(days=params.gap_days)
    with engine.connect() as connection:
        known = stored_gaps(connection)
        asked = _unanswered(connection, params, now - 2 * period, now)
        answers = _answers(connection, params, now - 2 * period)
    found = _Radar(params, vectors, asked, answers, known).gaps(now - period, now)
    with one_at_a_time(engine) as connection:
        for gap in found:
            _write(connection, gap)
        return sorted(
            (gap for gap in stored_gaps(connection) if gap.state != CLOSED), key=lambda gap: (-gap.count, gap.id)
        )


def one_gap(engine: Engine, id: str) -> Gap:
    """Raises NotFound."""
    with engine.connect() as connection:
        found = [gap for gap in stored_gaps(connection) if gap.id == id]
    if not found:
        raise NotFound(NO_SUCH_GAP)
    return found[0]


def close_gap(engine: Engine, id: str, at: datetime, answer: NewAnswer | None = None) -> None:
    """Nobody needs to look at it any more: it is answered by `answer`, or isn't worth one. Asked once more, it is open.

    Raises Used when it is closed already, BadRequest for an answer without words.
    """
    with engine.begin() as connection:
        closed = update(GAPS).where(GAPS.c.id == id, GAPS.c.state != CLOSED).values(state=CLOSED, closed_at=at)
        if not connection.execute(closed).rowcount:
            raise Used(GAP_CLOSED)
        if answer is not None:
            write_correction(connection, answer, at)


def stored_gaps(connection: Connection) -> list[Gap]:
    rows = connection.execute(select(GAPS).order_by(GAPS.c.id))
    return [Gap(**{**row._mapping, "turn_ids": tuple(row.turn_ids), "draft": row.draft or ""}) for row in rows]


class _Radar:
    """One run. All texts get their vectors together, so that they share one space."""

    def __init__(
        self, params: ReviewParams, vectors: Vectors, asked: Sequence[Asked], answers: Sequence[Answer],
        known: Sequence[Gap],
    ) -> None:  # fmt: skip
        self._params, self._asked, self._answers, self._known = params, asked, answers, known
        texts = [one.question for one in asked] + [one.question for one in answers] + [gap.question for gap in known]
        rows = unit_rows(vectors(texts)) if texts else np.zeros((0, 1), dtype=np.float32)
        self._asked_rows, rest = rows[: len(asked)], rows[len(asked) :]
        self._answer_rows, self._known_rows = rest[: len(answers)], rest[len(answers) :]

    def gaps(self, middle: datetime, now: datetime) -> list[Gap]:
        """`middle`: where the period begins and the one before it ends."""
        pages = source_vectors([[(id, score) for id, _, _, score in one.sources] for one in self._asked])
        together = combined(self._asked_rows, pages)
        kinds = [rows for rows in clusters(together, self._params.gap_distance) if self._is_gap(rows, middle)]
        kinds.sort(key=lambda rows: (-len(rows), rows))
        free = {gap.id: number for number, gap in enumerate(self._known)}
        found: list[Gap] = []
        for rows in kinds:
            before = self._same_as(rows, free)
            if before is not None:
                del free[before.id]
            id = before.id if before else self._new_id(rows, {gap.id for gap in (*self._known, *found)})
            found.append(self._gap(id, rows, medoid(together, rows), before, middle, now))
        elsewhere = {turn for gap in found for turn in gap.turn_ids}
        return found + [self._quiet(self._known[n], self._known_rows[n], elsewhere, middle, now) for n in free.values()]

    def _is_gap(self, rows: Sequence[int], middle: datetime) -> bool:
        return sum(self._asked[row].at >= middle for row in rows) >= self._params.gap_questions

    def _same_as(self, rows: Sequence[int], free: dict[str, int]) -> Gap | None:
        """The known gap that shares most turns with these; else the nearest one by its question, if near enough."""
        turns = {self._asked[row].turn for row in rows}
        shared = {id: len(turns & set(self._known[number].turn_ids)) for id, number in free.items()}
        best = max(shared, key=lambda id: (shared[id], id), default=None)
        if best is not None and shared[best]:
            return self._known[free[best]]
        near = {id: self._nearest(rows, self._known_rows[number]) for id, number in free.items()}
        best = min(near, key=lambda id: (near[id], id), default=None)
        return self._known[free[best]] if best is not None and near[best] <= self._params.gap_same else None

    def _new_id(self, rows: Sequence[int], taken: set[str]) -> str:
        """By the first turn that names no other gap: a gap may have split off from one that was named by its turn."""
        ids = (f"gap:{sha256(self._asked[row].turn.encode()).hexdigest()[:16]}" for row in rows)
        return next(id for id in ids if id not in taken)

    def _nearest(self, rows: Sequence[int], vector: Floats) -> float:
        return float(cosine_distances(self._asked_rows[list(rows)], vector[None]).min())

    def _gap(
        self, id: str, rows: Sequence[int], middle_row: int, before: Gap | None, middle: datetime, now: datetime
    ) -> Gap:
        asked = [self._asked[row] for row in rows]
        first, last = asked[0].at, asked[-1].at
        title, url = _nearest_page(asked)
        solved, near = self._solved(self._asked_rows[list(rows)], {one.turn for one in asked}, _readers(asked), last)
        gap = Gap(
            id=id,
            question=redact(self._asked[middle_row].question),
            turn_ids=tuple(one.turn for one in asked),
            count=sum(one.at >= middle for one in asked),
            count_before=sum(one.at < middle for one in asked),
            nearest_title=title, nearest_url=url, owner=None,
            draft=_draft(near, title, url), state=DRAFTED if near else OPEN,
            first_seen_at=min(first, before.first_seen_at) if before else first,
            last_seen_at=last, closed_at=None,
        )  # fmt: skip
        if before is not None and before.closed_at is not None and last <= before.closed_at:
            return replace(gap, state=CLOSED, closed_at=before.closed_at)  # nobody has asked since
        return replace(gap, state=CLOSED, closed_at=now) if solved else gap

    def _quiet(self, gap: Gap, vector: Floats, elsewhere: set[str], middle: datetime, now: datetime) -> Gap:
        """A known gap whose questions are too few by now, or count in another gap."""
        turns = set(gap.turn_ids) - elsewhere
        asked = [one for one in self._asked if one.turn in turns]
        before = sum(one.at < middle for one in asked)
        gap = replace(gap, count=len(asked) - before, count_before=before)
        solved, _ = self._solved(vector[None], set(gap.turn_ids), _readers(asked), gap.last_seen_at)
        return replace(gap, state=CLOSED, closed_at=now) if solved and gap.state != CLOSED else gap

    def _solved(self, rows: Floats, turns: set[str], readers: Audience, last: datetime) -> tuple[bool, str | None]:
        """Whether the question is answered since it was last asked in vain; and the correction that comes nearest.

        Answered: one of its turns was corrected, or nearly the same question was corrected, became an FAQ, or got a
        reviewed or curated reply. What was there before did not help, or it wouldn't have been asked in vain.
        """
        if not self._answers:
            return False, None
        distances = cosine_distances(rows, self._answer_rows).min(axis=0)
        solved, near = False, []
        for answer, distance in zip(self._answers, map(float, distances), strict=True):
            if answer.audience is Audience.INTERNAL and readers is Audience.PUBLIC:
                continue  # those who asked don't get it
            own = answer.turn in turns
            solved |= answer.at > last and (own or distance <= self._params.gap_same)
            if answer.text is not None and (own or distance <= self._params.gap_distance):
                near.append((not own, distance, answer.at, answer.text))
        return solved, min(near)[3] if near else None


def _readers(asked: Iterable[Asked]) -> Audience:
    """Staff only where nobody else has asked."""
    inside = [one.audience is Audience.INTERNAL for one in asked]
    return Audience.INTERNAL if inside and all(inside) else Audience.PUBLIC


def combined(texts: Floats, pages: Floats) -> Floats:
    """[n, d], [n, p] → [n, d + p], so that the cosine is the weighted mean of both. Where no page was found, the text
    alone counts."""
    weights = np.where(pages.any(axis=1, keepdims=True), PAGES_WEIGHT, 0.0)
    return np.hstack([texts * np.sqrt(1 - weights), pages * np.sqrt(weights)]).astype(np.float32)


def _nearest_page(asked: Iterable[Asked]) -> tuple[str | None, str | None]:
    """Title and address of what was found most often and most surely for these questions."""
    sums: dict[str, float] = defaultdict(float)
    names: dict[str, tuple[str, str]] = {}
    for id, title, url, score in (source for one in asked for source in one.sources):
        sums[id] += score
        names[id] = title, url
    best = max(sums, key=lambda id: (sums[id], id), default=None)
    return names[best] if best is not None else (None, None)


def _draft(correction: str | None, title: str | None, url: str | None) -> str:
    if correction is not None:
        return correction
    return FROM_NOTHING if title is None else FROM_PAGE.format(title=title, url=url)


# --- the tables


def _unanswered(connection: Connection, params: ReviewParams, since: datetime, until: datetime) -> list[Asked]:
    """Questions that got "I don't know" or "I didn't understand", and those whose answer was disliked."""
    failed = [ANSWERS.c.text.startswith(text, autoescape=True) for text in params.fallback_texts]
    rows = connection.execute(
        select(ANSWERS.c.turn_id, ANSWERS.c.question, ANSWERS.c.created_at, ANSWERS.c.evidence, ANSWERS.c.channel)
        .outerjoin(RATINGS, RATINGS.c.turn_id == ANSWERS.c.turn_id)
        .where(
            ANSWERS.c.channel.in_(params.channels), ANSWERS.c.created_at >= since, ANSWERS.c.created_at <= until,
            or_(
                ANSWERS.c.decision == Decision.UNKNOWN, RATINGS.c.value == "down",
                and_(ANSWERS.c.decision.is_(None), or_(false(), *failed)),
            ),
        )
        .order_by(ANSWERS.c.created_at.desc(), ANSWERS.c.turn_id)
        .limit(MOST_QUESTIONS)
    )  # fmt: skip
    return [_asked(row, params.channels[row.channel]) for row in reversed(rows.all())]


def _asked(row: Row[Any], audience: Audience) -> Asked:
    evidence = row.evidence or {}
    sources = tuple((one["id"], one["title"], one["url"], one["score"]) for one in evidence.get("sources", ()))
    return Asked(row.turn_id, evidence.get("question") or row.question, row.created_at, sources, audience)


def _answers(connection: Connection, params: ReviewParams, since: datetime) -> list[Answer]:
    """Live corrections, FAQs written since, and questions that got a reviewed or curated reply since."""
    corrections = connection.execute(
        select(CORRECTIONS).where(CORRECTIONS.c.retired_at.is_(None)).order_by(CORRECTIONS.c.id)
    )
    faqs = connection.execute(select(FAQS).where(FAQS.c.updated_at >= since).order_by(FAQS.c.id))
    good = Decision.REVIEWED, Decision.CURATED
    replies = connection.execute(
        select(ANSWERS.c.question, ANSWERS.c.created_at, ANSWERS.c.channel)
        .outerjoin(RATINGS, RATINGS.c.turn_id == ANSWERS.c.turn_id)
        .where(
            ANSWERS.c.decision.in_(good), ANSWERS.c.created_at >= since, ANSWERS.c.channel.in_(params.channels),
            or_(RATINGS.c.value.is_(None), RATINGS.c.value != "down"),
        )
        .order_by(ANSWERS.c.created_at.desc(), ANSWERS.c.turn_id)
        .limit(MOST_ANSWERED)
    )  # fmt: skip
    return [
        *(Answer(r.question, r.created_at, Audience(r.audience), r.turn_id, r.answer) for r in corrections),
        *(Answer(r.question, r.updated_at, Audience(r.audience)) for r in faqs),
        *(Answer(r.question, r.created_at, params.channels[r.channel]) for r in replies),
    ]


def _write(connection: Connection, gap: Gap) -> None:
    values = {**vars(gap), "turn_ids": list(gap.turn_ids)}
    if not connection.execute(update(GAPS).where(GAPS.c.id == gap.id).values(**values)).rowcount:
        connection.execute(insert(GAPS), values)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
