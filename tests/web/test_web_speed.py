"""How soon the chat can be used."""

from statistics import median

import psutil
import pytest

from tests.web.conftest import Visit

pytestmark = pytest.mark.timeout(300)
LOADS = 5
READY_MS = 300
QUIET_PERCENT = 30
PATIENCE = 20


def test_the_chat_can_be_used_300_ms_after_the_navigation_began(visit: Visit) -> None:
    visit().leave()  # the browser itself has warmed up
    quiet = any(psutil.cpu_percent(interval=1) < QUIET_PERCENT for _ in range(PATIENCE))
    took: list[float] = []
    for _ in range(LOADS):
        customer = visit()  # in a browser context of its own: nothing is in its cache
        took.append(customer.page.evaluate("() => performance.getEntriesByName('frontdesk-ready')[0].startTime"))
        customer.leave()
    said = f"ready after {median(took):.0f} ms, the median of {sorted(round(ms) for ms in took)}"
    print(said)
    if not quiet:
        pytest.skip(f"others use the processor, so this counts for nothing: {said}")
    assert median(took) <= READY_MS, said
