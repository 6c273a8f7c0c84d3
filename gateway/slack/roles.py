"""Who may do what with the review queue, by Slack user groups."""

import logging
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from gateway.slack import phrases
from gateway.slack.guard import ReviewChannel
from gateway.slack.people import People

log = logging.getLogger("frontdesk.gateway")


class Right(StrEnum):
    REVIEW = "review"
    CORRECT = "correct"
    TAKE_OVER = "take over"


class Roles:
    """`groups`: ids of user groups for each right; none means every full member of the workspace."""

    def __init__(self, people: People, channel: ReviewChannel, groups: Mapping[Right, Collection[str]]) -> None:
        self._people, self._channel, self._groups = people, channel, groups

    async def refusal(self, right: Right, body: Mapping[str, Any]) -> str | None:
        """What to tell somebody who may not; None for who may. A button counts only where cards are."""
        user, pressed_in = body["user"]["id"], (body.get("channel") or {}).get("id", self._channel.id)
        if await self._channel.shut() is not None:
            refusal = phrases.REVIEW_STOPPED
        elif pressed_in == self._channel.id and await self._people.may(user, self._groups.get(right, ())):
            return None
        else:
            refusal = phrases.NOT_ALLOWED.format(right=right)
        log.warning("slack: %s may not %s", user, right)
        return refusal
