"""Events at a steady rate, whether or not the app keeps up, and how long it took to acknowledge each."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from tests.fakes.slack.records import Sent


@dataclass(frozen=True)
class LoadReport:
    """Latencies (ms, ascending) of the acknowledged events, and how many were not."""

    latencies: list[float]
    failed: int
    retried: int

    def percentile(self, share: float) -> float:
        """`percentile(0.95)` ms; 0 when nothing was acknowledged."""
        if not self.latencies:
            return 0.0
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class Load:
    """A running load: `wait()` in sync code, `await` in async code."""

    def __init__(self, future: "Future[LoadReport]") -> None:
        self._future = future

    def wait(self, seconds: float = 120.0) -> LoadReport:
        return self._future.result(seconds)

    def __await__(self) -> Generator[Any, None, LoadReport]:
        return asyncio.wrap_future(self._future).__await__()


async def run_load(say: Callable[[int], Sent], rate: float, seconds: float) -> LoadReport:
    """Call `say(i)` `rate` times a second. Runs on the fake's own loop, so a slow app does not slow the sender."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    sent: list[Sent] = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - loop.time()))
        sent.append(say(number))
    for one in sent:
        await one
    deliveries = [delivery for one in sent for delivery in one.deliveries]
    good = sorted(delivery.latency_ms for delivery in deliveries if delivery.ok)
    return LoadReport(good, len(deliveries) - len(good), sum(len(one.attempts) > 1 for one in deliveries))
