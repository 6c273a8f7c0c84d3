"""Rasa's SQL tracker store that remembers the conversations it has just saved.

Rasa 3.6.21 reads and rebuilds the whole session from its events at each message: 40 % of its time in a turn, as a
profile showed. Here a tracker that was saved is kept and given out again, as long as the database holds nothing newer
of it; a second Rasa process that wrote in between is noticed by the id of the last event. A turn that failed leaves
nothing behind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker

KEPT_CONVERSATIONS = 300


@dataclass
class Kept:
    """`stored`: how many of the tracker's events the database has, the last of them `last_id`.

    `tracker` is None while a turn works with it, so that a turn that fails leaves nothing behind.
    """

    tracker: DialogueStateTracker | None
    stored: int
    last_id: int | None


class RecentTrackerStore(SQLTrackerStore):
    """To be named in endpoints.yml; takes the same settings as Rasa's `SQL`."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker of the conversation's latest session."""
        kept = self._kept.pop(sender_id, None)
        last_id = self._last_id(sender_id)
        if kept is None or kept.tracker is None or kept.last_id != last_id:
            tracker = await super().retrieve(sender_id)
            kept = Kept(tracker, len(tracker.events) if tracker else 0, last_id)
        self._kept[sender_id] = Kept(None, kept.stored, last_id)
        return kept.tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        sender = tracker.sender_id
        kept = self._kept.get(sender)
        first_new = kept.stored if kept else 0
        await super().save(tracker)
        began_again = first_new > 0 and any(
            isinstance(e, SessionStarted) for e in islice(tracker.events, first_new, None)
        )
        if kept is None or began_again:  # the next message sees the new session alone
            self._kept.pop(sender, None)
            return
        self._kept[sender] = Kept(tracker, len(tracker.events), self._last_id(sender))
        while len(self._kept) > KEPT_CONVERSATIONS:
            self._kept.popitem(last=False)

    def _additional_events(self, session: Any, tracker: DialogueStateTracker) -> Iterator[Any]:
        kept = self._kept.get(tracker.sender_id)
        if kept is None:
            new: Iterator[Any] = super()._additional_events(session, tracker)
            return new
        return islice(tracker.events, kept.stored, None)

    def _last_id(self, sender_id: str) -> int | None:
        with self.session_scope() as session:
            last: int | None = (
                session.query(sa.func.max(self.SQLEvent.id)).filter(self.SQLEvent.sender_id == sender_id).scalar()
            )
            return last
