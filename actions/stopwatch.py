"""Times of the stages of a turn."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """`timings_ms` by stage; a noted event stands in it with the value 1."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings_ms[stage] = round((time.perf_counter() - started) * 1000, 2)

    def note(self, event: str) -> None:
        self.timings_ms[event] = 1.0
