"""One worker, a short line before it: who finds the line full is sent away at once, nobody waits ever longer."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from contracts.errors import Busy, DeadlinePassed


T = TypeVar("T")


class BoundedQueue:
    """Run blocking work one at a time. At most `places` callers, the one being served included."""

    def __init__(self, places: int) -> None:
        self.places, self.waiting = places, 0
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._seconds = 0.3  # running mean of one piece of work, for Retry-After

    async def run(self, work: Callable[[], T], deadline: float | None = None) -> T:
        """Raises Busy when the line is full, DeadlinePassed when the turn came too late to begin."""
        if self.waiting >= self.places:
            raise Busy("The model has a full queue; ask again in a moment.", 1 + round(self.waiting * self._seconds))
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, self._timed, work, deadline)
        finally:
            self.waiting -= 1

    def _timed(self, work: Callable[[], T], deadline: float | None) -> T:
        started = time.monotonic()
        if deadline is not None and started >= deadline:
            raise DeadlinePassed("The time for this answer was over before the model could begin.")
        result = work()
        self._seconds += 0.2 * (time.monotonic() - started - self._seconds)
        return result

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)
