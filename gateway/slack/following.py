"""What a person and a customer say to each other, where they read it: the customer in Slack, operators in the card's
thread."""

from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import Connection, insert

from gateway.outbox import OUTBOX, Outbox, Send
from gateway.slack import phrases
from gateway.slack.address import CHANNEL, Address
from gateway.slack.sender import POST
from gateway.slack.words import escaped, mrkdwn
from gateway.takeover import Happening, Kind

TO_CUSTOMER = {
    Kind.JOINED: phrases.JOINED,
    Kind.SAID: phrases.SAID,
    Kind.LEFT: phrases.LEFT,
    Kind.TAKEN_BACK: phrases.LEFT,
}
TO_OPERATORS = {
    Kind.HEARD: phrases.CUSTOMER_WROTE, Kind.SAID: phrases.WRITTEN_TO_CUSTOMER, Kind.LEFT: phrases.HANDED_BACK,
    Kind.TAKEN_BACK: phrases.TAKEN_BACK,
}  # fmt: skip


def thread_line(card: int) -> str:
    """The line of the outbox in which a card and all that is said in its thread are sent."""
    return f"card:{card}"


class Following:
    def __init__(self, outbox: Outbox, review_channel: str) -> None:
        self._outbox, self._review_channel = outbox, review_channel

    def write(self, connection: Connection, happening: Happening) -> None:
        for send in (*self._to_customer(happening), *self._to_operators(happening)):
            connection.execute(insert(OUTBOX), send.row())

    def wake(self) -> None:
        self._outbox.wake()

    def _to_customer(self, what: Happening) -> Sequence[Send]:
        if what.channel != CHANNEL or what.kind not in TO_CUSTOMER:
            return ()
        address = Address.of(what.conversation)
        text = TO_CUSTOMER[what.kind].format(name=escaped(what.name), text=mrkdwn(what.text))
        return (Send(CHANNEL, address.line, f"person:{uuid4().hex}", POST, {**address.place, "text": text}),)

    def _to_operators(self, what: Happening) -> Sequence[Send]:
        if what.card is None or what.kind not in TO_OPERATORS:
            return ()
        line = thread_line(what.card)
        text = TO_OPERATORS[what.kind].format(name=escaped(what.name), text=mrkdwn(what.text))
        payload = {"channel": self._review_channel, "in_thread_of": line, "text": text}
        return (Send(CHANNEL, line, f"talk:{uuid4().hex}", POST, payload),)
