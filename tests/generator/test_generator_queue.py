"""The bounded queue: one at a time, in order, and a full line sends away at once."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from contracts.errors import Busy, DeadlinePassed
from generator.queue import BoundedQueue


def test_work_runs_one_at_a_time_and_in_order() -> None:
    running, most, order = [0], [0], list[int]()

    def work(number: int) -> Callable[[], int]:
        def run() -> int:
            running[0] += 1
            most[0] = max(most[0], running[0])
            time.sleep(0.01)
            running[0] -= 1
            order.append(number)
            return number

        return run

    async def all_of_them() -> list[int]:
        queue = BoundedQueue(8)
        return await asyncio.gather(*(queue.run(work(n)) for n in range(8)))

    assert asyncio.run(all_of_them()) == order == list(range(8))
    assert most[0] == 1


def test_a_full_line_sends_away_at_once_and_says_when_to_come_back() -> None:
    async def third_of_two() -> tuple[float, int]:
        queue, go = BoundedQueue(2), threading.Event()
        inside = [asyncio.create_task(queue.run(lambda: go.wait(5))) for _ in range(2)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        with pytest.raises(Busy) as caught:
            await queue.run(lambda: go.wait(5))
        seconds = time.monotonic() - began
        go.set()
        await asyncio.gather(*inside)
        return seconds, caught.value.retry_after

    seconds, retry_after = asyncio.run(third_of_two())
    assert seconds < 0.1
    assert retry_after >= 1


def test_work_whose_deadline_passed_in_the_line_is_never_begun() -> None:
    begun: list[bool] = []

    async def late() -> None:
        queue = BoundedQueue(2)
        first = asyncio.create_task(queue.run(lambda: time.sleep(0.3)))
        await asyncio.sleep(0.05)
        with pytest.raises(DeadlinePassed):
            await queue.run(lambda: begun.append(True), time.monotonic() + 0.05)
        await first

    asyncio.run(late())
    assert begun == []


def test_a_place_is_free_again_after_success_failure_and_lateness() -> None:
    async def outcomes() -> int:
        queue = BoundedQueue(1)
        assert await queue.run(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 // 0)
        with pytest.raises(DeadlinePassed):
            await queue.run(lambda: 7, time.monotonic() - 1)
        return await queue.run(lambda: queue.waiting)

    assert asyncio.run(outcomes()) == 1


def test_a_caller_who_leaves_keeps_his_place_until_his_work_is_done() -> None:
    async def leave() -> None:
        queue, go = BoundedQueue(1), threading.Event()
        caller = asyncio.create_task(queue.run(lambda: go.wait(5)))
        await asyncio.sleep(0.05)
        caller.cancel()
        await asyncio.sleep(0.05)
        with pytest.raises(Busy):
            await queue.run(lambda: 7)
        go.set()
        await asyncio.sleep(0.05)
        assert await queue.run(lambda: 7) == 7

    asyncio.run(leave())


def test_a_caller_who_leaves_the_line_frees_his_place_at_once() -> None:
    async def leave() -> None:
        queue, go = BoundedQueue(2), threading.Event()
        first, second = (asyncio.create_task(queue.run(lambda: go.wait(5))) for _ in range(2))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.sleep(0.05)
        assert queue.waiting == 1
        go.set()
        await first

    asyncio.run(leave())
