"""One worker, a short line before it: who finds the line full is sent away at once, nobody waits ever longer."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from contracts.errors import Busy, DeadlinePassed

T = TypeVar("T")


class BoundedQueue:
    """Run blocking work one at a time. At most `places` callers, the one being served included."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._jobs: list[Future[Any]] = []
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._seconds = 0.3  # running mean of one piece of work, for Retry-After

    @property
    def waiting(self) -> int:
        """Places taken. Work that has begun keeps its place, also when its caller has left."""
        self._jobs = [job for job in self._jobs if not job.done()]
        return len(self._jobs)

    async def run(self, work: Callable[[], T], deadline: float | None = None) -> T:
        """Raises Busy when the line is full, DeadlinePassed when the turn came too late to begin."""
        waiting = self.waiting
        if waiting >= self.places:
            raise Busy("The model has a full queue; ask again in a moment.", 1 + round(waiting * self._seconds))
        job = self._worker.submit(self._timed, work, deadline)
        self._jobs.append(job)
        return await asyncio.wrap_future(job)

    def _timed(self, work: Callable[[], T], deadline: float | None) -> T:
        started = time.monotonic()
        if deadline is not None and started >= deadline:
            raise DeadlinePassed("The time for this answer was over before the model could begin.")
        result = work()
        self._seconds += 0.2 * (time.monotonic() - started - self._seconds)
        return result

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)
