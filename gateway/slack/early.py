"""Replies in a thread that come before the question which makes the thread ours: Slack keeps no order."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

KEPT_SECONDS = 300.0
MOST_KEPT = 2_000

Event = Mapping[str, Any]


class EarlyReplies:
    """In memory: what a kill takes from here was never a question of a thread that we knew."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[float, Event]] = OrderedDict()

    def keep(self, conversation: str, event: Event) -> None:
        self._kept[conversation, event["ts"]] = (time.monotonic(), event)
        while len(self._kept) > MOST_KEPT or time.monotonic() - next(iter(self._kept.values()))[0] > KEPT_SECONDS:
            self._kept.popitem(last=False)

    def take(self, conversation: str) -> list[Event]:
        """Those of a conversation, in the order in which they were written; they are kept no more."""
        mine = [key for key in self._kept if key[0] == conversation]
        return sorted((self._kept.pop(key)[1] for key in mine), key=lambda event: float(event["ts"]))
