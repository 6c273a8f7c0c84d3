"""Who listens to which conversation, within this process."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import Gauge
from pydantic import BaseModel

from contracts.errors import Busy, TooMany
from gateway import phrases

STREAMS = Gauge("frontdesk_event_streams", "Open event streams")
UNREAD = 200  # events that a listener may leave unread before it is dropped; it comes back with Last-Event-ID


@dataclass(frozen=True)
class Event:
    """`id` is that of the message, for those that the history holds too."""

    kind: str
    data: BaseModel
    id: int | None = None


Stream = asyncio.Queue[Event | None]  # None: the stream is over


class Events:
    """At most `per_conversation` streams of one conversation and `in_all` of the process."""

    def __init__(self, per_conversation: int, in_all: int) -> None:
        self._per_conversation, self._in_all = per_conversation, in_all
        self._streams: defaultdict[str, set[Stream]] = defaultdict(set)
        self._count = 0

    def _check_room(self, conversation: str) -> None:
        if len(self._streams.get(conversation, ())) >= self._per_conversation:
            raise TooMany(phrases.TOO_MANY_STREAMS, retry_after=10)
        if self._count >= self._in_all:
            raise Busy(phrases.BUSY_STREAMS, retry_after=10)

    @contextmanager
    def listen(self, conversation: str) -> Iterator[Stream]:
        """Raises TooMany or Busy when there are too many streams already."""
        self._check_room(conversation)
        stream: Stream = asyncio.Queue()
        self._streams[conversation].add(stream)
        self._count += 1
        STREAMS.inc()
        try:
            yield stream
        finally:
            self._count -= 1
            STREAMS.dec()
            self._streams[conversation].discard(stream)
            if not self._streams[conversation]:
                del self._streams[conversation]

    def publish(self, conversation: str, event: Event) -> None:
        for stream in self._streams.get(conversation, ()):
            if stream.qsize() < UNREAD:
                stream.put_nowait(event)
            else:
                stream.put_nowait(None)

    def end(self, conversation: str) -> None:
        for stream in self._streams.get(conversation, ()):
            stream.put_nowait(None)
