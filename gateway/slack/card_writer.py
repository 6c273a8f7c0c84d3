"""What Slack is to show of a card, written in the transaction that changes the card."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert

from gateway.outbox import OUTBOX, Send
from gateway.slack import cards, phrases
from gateway.slack.address import CHANNEL
from gateway.slack.following import thread_line
from gateway.slack.sender import POST
from gateway.slack.words import escaped
from review.cards import Card, Kind
from review.changes import Change
from review.reasons import Reason

SHOWN = {Change.EXTENDED, Change.CLAIMED, Change.RELEASED, Change.LAPSED, Change.DECIDED, Change.UNDONE}
URGED = {Change.TO_REMIND: phrases.REMINDER, Change.TO_ESCALATE: phrases.ESCALATION}


class CardWriter:
    """A `review.changes.Listener`: what is to be sent is in the outbox, or nothing happened."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    def __call__(self, connection: Connection, change: Change, changed: Sequence[Card]) -> None:
        for one in changed:
            for send in self._sends(change, one):
                connection.execute(insert(OUTBOX), send.row())

    def _sends(self, change: Change, one: Card) -> list[Send]:
        line = thread_line(one.id)
        if change in URGED:
            return [self._note(one, URGED[change].format(question=escaped(one.question[:200])))]
        text, blocks = cards.card(one)
        payload: dict[str, Any] = {"channel": self._channel, "text": text, "blocks": blocks, "unfurl_links": False}
        if change is Change.OPENED:
            return [Send(CHANNEL, line, line, POST, payload)]
        if change not in SHOWN:
            return []
        sends = [Send(CHANNEL, line, f"{line}:{change}:{uuid4().hex}", POST, {**payload, "replaces": line})]
        if change is Change.EXTENDED and Reason.HAND_OVER in one.reasons:
            sends.append(self._note(one, phrases.PERSON_WANTED))
        if change is Change.DECIDED and one.verdict is Kind.TAKE_OVER:
            text, blocks = cards.desk(one)
            desk = {"channel": self._channel, "in_thread_of": line, "text": text, "blocks": blocks}
            sends.append(Send(CHANNEL, line, f"{line}:desk:{uuid4().hex}", POST, desk))
        return sends

    def _note(self, one: Card, text: str) -> Send:
        """In the card's thread, and in the channel too, where an updated card would not be noticed."""
        line = thread_line(one.id)
        payload = {"channel": self._channel, "in_thread_of": line, "reply_broadcast": True, "text": text}
        return Send(CHANNEL, line, f"{line}:note:{uuid4().hex}", POST, payload)
