"""The outbox and Slack's sender by themselves: who may begin, how long to wait, when to look, when to give up."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine, event, insert, select

from contracts.tables import now
from gateway import outbox
from gateway.outbox import MOST_FAILURES, OUTBOX, Entry, Outbox, Send, SendLaterError, SendNeverError
from gateway.slack.guard import ReviewChannel
from gateway.slack.sender import POST, SlackSender
from tests.fakes.slack import FakeSlack, cut_after, http, retry_after
from tests.gateway_slack.conftest import installed_slack

CHANNEL = "slack"
Answer = Callable[[Entry], Awaitable[dict[str, Any]]]


def send(key: str, line: str = "line", **payload: Any) -> Send:
    return Send(CHANNEL, line, key, POST, {"channel": "C1", "text": "Choose Versions.", **payload})


class Recorder:
    """A sender that keeps what it was given."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.given: list[Entry] = []
        self._answer = answer

    @property
    def keys(self) -> list[str]:
        return [entry.send.key for entry in self.given]

    async def send(self, entry: Entry) -> dict[str, Any]:
        self.given.append(entry)
        return await self._answer(entry) if self._answer else {}


async def running(boxes: list[Outbox], until: Callable[[], Any] = lambda: False, seconds: float = 10) -> None:
    """These outboxes at work, for so long at most."""
    tasks = [asyncio.create_task(box.run()) for box in boxes]
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not until():
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for box in boxes:
        await box.close()


def boxes_of(engine: Engine, *senders: Recorder) -> list[Outbox]:
    made = [Outbox(engine) for _ in senders]
    for box, sender in zip(made, senders, strict=True):
        box.serve(CHANNEL, sender)
    return made


def rows(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return {row.key: row for row in connection.execute(select(OUTBOX))}


def states(engine: Engine) -> set[str]:
    return {row.state for row in rows(engine).values()}


def put(engine: Engine, *sends: Send, **values: Any) -> None:
    with engine.begin() as connection:
        connection.execute(insert(OUTBOX), [send.row() | values for send in sends])


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "HELD_SECONDS", 0.6)
    monkeypatch.setattr(outbox, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(outbox, "INTERNAL_SECONDS", 0.01)


def test_a_send_that_takes_long_is_begun_by_nobody_else(engine: Engine) -> None:
    async def slowly(_: Entry) -> dict[str, Any]:
        await asyncio.sleep(1.5)
        return {}

    first, second = Recorder(slowly), Recorder(slowly)
    put(engine, *(send(f"key {n}", f"line {n}") for n in range(5)))
    asyncio.run(running(boxes_of(engine, first, second), lambda: states(engine) == {"sent"}))
    assert sorted(first.keys + second.keys) == [f"key {n}" for n in range(5)]


def test_what_a_killed_gateway_had_begun_is_taken_up_by_another_and_known_to_be_so(engine: Engine) -> None:
    async def never(_: Entry) -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    killed, other = Recorder(never), Recorder()
    put(engine, send("key"))

    async def story() -> None:
        await running(boxes_of(engine, killed), lambda: killed.given)
        await running(boxes_of(engine, other), lambda: other.given)

    asyncio.run(story())
    assert [entry.attempts for entry in (*killed.given, *other.given)] == [0, 1]


def test_what_slack_refused_does_not_count_as_sent_perhaps(engine: Engine) -> None:
    async def limited(entry: Entry) -> dict[str, Any]:
        if len(sender.given) < 4:
            raise SendLaterError(0.02, "ratelimited", refused=True)
        return {}

    sender = Recorder(limited)
    put(engine, send("key"))
    asyncio.run(running(boxes_of(engine, sender), lambda: states(engine) == {"sent"}))
    assert [entry.attempts for entry in sender.given] == [0, 0, 0, 0]


def test_what_always_breaks_the_sender_is_given_up_and_blocks_nothing(engine: Engine) -> None:
    async def breaks(entry: Entry) -> dict[str, Any]:
        if entry.send.key == "broken":
            raise RuntimeError("This one can't be read.")
        return {}

    put(engine, send("broken"), send("next"))
    asyncio.run(running(boxes_of(engine, Recorder(breaks)), lambda: states(engine) == {"dead", "sent"}))
    found = rows(engine)
    assert (found["broken"].state, found["broken"].attempts, found["next"].state) == ("dead", MOST_FAILURES + 1, "sent")


@pytest.mark.parametrize("waits", ["behind another", "for a channel that isn't served"])
def test_what_cannot_be_sent_yet_is_not_looked_at_again_and_again(engine: Engine, waits: str) -> None:
    put(engine, send("later"), next_at=now() + timedelta(hours=1))
    put(engine, send("behind") if waits == "behind another" else Send("fax", "fax", "fax", POST, {}))
    queries: list[str] = []

    def count(*given: Any) -> None:
        queries.append(given[2])

    event.listen(engine, "before_cursor_execute", count)
    asyncio.run(running(boxes_of(engine, Recorder()), seconds=1))
    assert len(queries) < 60


def test_what_was_sent_is_forgotten_after_a_quarter_and_what_waits_never(engine: Engine) -> None:
    old = now() - timedelta(days=91)
    for state in ("sent", "dead", "waiting"):
        put(engine, send(f"old {state}", state), state=state, created_at=old, next_at=now() + timedelta(hours=1))
    put(engine, send("new"), state="sent")
    asyncio.run(running(boxes_of(engine, Recorder()), lambda: "old sent" not in rows(engine)))
    assert set(rows(engine)) == {"old waiting", "new"}


# --- Slack's sender


@pytest.fixture(scope="module")
def slack() -> Iterator[FakeSlack]:
    with installed_slack() as running:
        yield running


@pytest.fixture
def channel(slack: FakeSlack) -> Iterator[str]:
    yield slack.add_channel(f"help-{uuid4().hex[:6]}", [slack.add_user("ann")]).id
    slack.heal()


def entry_for(channel: str, attempts: int = 0, **payload: Any) -> Entry:
    return Entry(1, send(f"reply:{uuid4().hex}", **{"channel": channel, **payload}), attempts, now())


async def sent(slack: FakeSlack, *entries: Entry) -> list[Any]:
    """What becomes of each, one after the other: what is kept of it, or the error."""
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])
    sender = SlackSender(client, Outbox(None), ReviewChannel(client, ""))  # type: ignore[arg-type]
    ends: list[Any] = []
    for entry in entries:
        try:
            ends.append(await sender.send(entry))
        except (SendLaterError, SendNeverError) as error:
            ends.append(error)
    return ends


def test_pauses_grow_to_two_minutes(slack: FakeSlack, channel: str) -> None:
    slack.fail("*", times=None, with_=http(503))
    ends = asyncio.run(sent(slack, *(entry_for(channel, attempts) for attempts in range(9))))
    assert [end.seconds for end in ends] == [1, 2, 4, 8, 16, 32, 64, 120, 120]


@pytest.mark.parametrize(
    ("fault", "gives_up"), [(http(503), False), ("internal_error", False), ("of_another_year", True), (404, True)]
)
def test_only_what_may_pass_is_tried_for_ever(slack: FakeSlack, channel: str, fault: Any, gives_up: bool) -> None:
    slack.fail("*", times=None, with_=fault)
    few, many = asyncio.run(sent(slack, entry_for(channel, 1), entry_for(channel, MOST_FAILURES)))
    assert isinstance(few, SendLaterError)
    assert isinstance(many, SendNeverError) == gives_up


@pytest.mark.parametrize("error", ["token_revoked", "missing_scope", "account_inactive"])
def test_what_somebody_has_to_mend_is_tried_every_minute(slack: FakeSlack, channel: str, error: str) -> None:
    slack.fail("*", times=None, with_=error)
    (end,) = asyncio.run(sent(slack, entry_for(channel, MOST_FAILURES)))
    assert (end.seconds, end.refused) == (60, True)


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_post_is_found_behind_more_than_a_page_of_what_was_written_since(
    slack: FakeSlack, channel: str, in_thread: bool
) -> None:
    ann = slack.user(slack.channel(channel).members[0])
    root = slack.say(ann, channel, "How do I restore a file?").ts
    place: dict[str, Any] = {"thread_ts": root} if in_thread else {}
    before = entry_for(channel, **place)
    again = Entry(1, before.send, 1, before.created_at)
    slack.fail(POST, with_=cut_after())
    (lost,) = asyncio.run(sent(slack, before))
    for number in range(450):
        slack.say(ann, channel, f"note {number}", root if in_thread else None)
    (found,) = asyncio.run(sent(slack, again))
    posted = [one["ts"] for one in slack.messages(channel) if one.get("bot_id")]
    assert isinstance(lost, SendLaterError)
    assert [found["ts"]] == posted


def test_a_limited_channel_is_left_alone_and_another_is_not(slack: FakeSlack, channel: str) -> None:
    other = slack.add_channel("other").id
    slack.fail(POST, with_=retry_after(7))
    before = len(slack.calls(POST))
    limited, same, elsewhere = asyncio.run(sent(slack, entry_for(channel), entry_for(channel), entry_for(other)))
    assert limited.seconds == 7 and 6 < same.seconds <= 7
    assert [call.args["channel"] for call in slack.calls(POST)[before:]] == [channel, other]
    assert elsewhere["channel"] == other


def test_a_text_that_is_too_long_for_slack_is_cut(slack: FakeSlack, channel: str) -> None:
    asyncio.run(sent(slack, entry_for(channel, text="x" * 50_000)))
    (said,) = (one for one in slack.messages(channel) if one.get("bot_id"))
    assert len(said["text"]) < 4_000 and said["text"].endswith("…")
