"""The store that remembers trackers gives and keeps what Rasa's own SQL store would."""

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from rasa_components import tracker_store
from rasa_components.tracker_store import RecentTrackerStore
from tests.rasa_components.conftest import ROOT

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Slot auto-fill")  # Rasa says so of every domain with slots
    DOMAIN = Domain.from_yaml(
        "version: '3.1'\nintents: [ask]\nslots: {offer: {type: text, mappings: [{type: custom}]}}\n"
        "responses: {utter_hello: [{text: hello}]}\n"
    )
BEGIN: list[Event] = [ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")]


class Counting:
    """Counts how often a conversation was read and rebuilt from its events."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads = 0
        plain = SQLTrackerStore.retrieve

        async def retrieve(store: Any, sender_id: str) -> Any:
            self.reads += 1
            return await plain(store, sender_id)

        monkeypatch.setattr(SQLTrackerStore, "retrieve", retrieve)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tracker.db'}"


@pytest.fixture
def store(url: str) -> Iterator[RecentTrackerStore]:
    made = recent(url)
    yield made
    made.engine.dispose()


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(monkeypatch)


def recent(url: str) -> RecentTrackerStore:
    made = TrackerStore.create(
        EndpointConfig.from_dict({"type": "rasa_components.tracker_store.RecentTrackerStore", "url": url}), DOMAIN
    )
    found = getattr(made, "_tracker_store", made)  # Rasa wraps it to survive a store that fails
    assert isinstance(found, RecentTrackerStore)
    return found


def turn(text: str) -> list[Event]:
    return [
        UserUttered(text, intent={"name": "ask"}), SlotSet("offer", text), ActionExecuted("utter_hello"),
        BotUttered(f"to {text}"), ActionExecuted("action_listen"),
    ]  # fmt: skip


def say(store: SQLTrackerStore, text: str, sender: str = "web-1", before: list[Event] | None = None) -> None:
    """One message, as Rasa handles it: get the tracker, add events, save."""

    async def handle() -> None:
        tracker = await store.get_or_create_tracker(sender)
        if not any(isinstance(event, SessionStarted) for event in tracker.events):
            tracker.update_with_events(BEGIN, DOMAIN)
        tracker.update_with_events([*(before or []), *turn(text)], DOMAIN)
        await store.save(tracker)

    asyncio.run(handle())


def known(store: SQLTrackerStore, sender: str = "web-1") -> DialogueStateTracker:
    tracker = asyncio.run(store.retrieve(sender))
    assert tracker is not None
    return tracker


def texts(tracker: DialogueStateTracker) -> list[str]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


def rows(store: SQLTrackerStore) -> list[tuple[str, str]]:
    with store.session_scope() as session:
        found = session.query(store.SQLEvent).order_by(store.SQLEvent.id)
        return [(row.sender_id, row.type_name) for row in found]


def test_endpoints_name_the_store_in_the_way_that_rasa_reads() -> None:
    """Rasa falls back to its memory, silently, for a type that it can't load."""
    named = yaml.safe_load((ROOT / "endpoints.yml").read_text())["tracker_store"]["type"]
    assert named == f"{RecentTrackerStore.__module__}.{RecentTrackerStore.__qualname__}"


def test_it_stores_the_same_events_as_rasas_own_and_reads_a_session_once(
    store: RecentTrackerStore, tmp_path: Path, counting: Counting
) -> None:
    plain = SQLTrackerStore(DOMAIN, db=str(tmp_path / "plain.db"), dialect="sqlite")
    for text in ("one", "two", "three"):
        say(store, text)
    reads = counting.reads
    for text in ("one", "two", "three"):
        say(plain, text)
    assert reads == 2  # the conversation that isn't there yet, and its new session
    assert counting.reads == reads + 3
    assert rows(store) == rows(plain)
    tracker = known(store)
    assert texts(tracker) == texts(known(plain)) == ["one", "two", "three"]
    assert tracker.get_slot("offer") == "three"
    plain.engine.dispose()


def test_a_restart_finds_all_of_it(store: RecentTrackerStore, url: str) -> None:
    say(store, "one")
    say(store, "two")
    again = recent(url)
    assert texts(known(again)) == ["one", "two"]
    again.engine.dispose()


def test_what_another_process_wrote_is_seen_and_nothing_is_stored_twice(store: RecentTrackerStore, url: str) -> None:
    other = recent(url)
    say(store, "one")
    say(other, "two")
    say(store, "three")
    say(other, "four")
    assert texts(known(store)) == texts(known(other)) == ["one", "two", "three", "four"]
    made = 1  # `action_listen`, with which Rasa stores a new conversation
    assert len(rows(store)) == made + len(BEGIN) + 4 * len(turn(""))
    other.engine.dispose()


def test_a_turn_that_fails_leaves_nothing_behind(store: RecentTrackerStore) -> None:
    say(store, "one")

    async def fail() -> None:
        tracker = await store.retrieve("web-1")
        assert tracker is not None
        tracker.update_with_events(turn("lost"), DOMAIN)

    asyncio.run(fail())
    say(store, "two")
    assert texts(known(store)) == ["one", "two"]


def test_a_save_that_fails_is_not_taken_for_one(store: RecentTrackerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    say(store, "one")

    async def refuse(*_: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(SQLTrackerStore, "save", refuse)
        with pytest.raises(OSError, match="disk full"):
            say(store, "lost")
    say(store, "two")
    assert texts(known(store)) == ["one", "two"]


def test_after_a_new_session_only_that_one_is_given(store: RecentTrackerStore, tmp_path: Path) -> None:
    plain = SQLTrackerStore(DOMAIN, db=str(tmp_path / "plain.db"), dialect="sqlite")
    for one in (store, plain):
        say(one, "one")
        say(one, "two", before=BEGIN)
        say(one, "three")
    assert texts(known(store)) == texts(known(plain)) == ["two", "three"]
    assert rows(store) == rows(plain)
    plain.engine.dispose()


def test_conversations_stay_apart_and_only_so_many_are_kept(
    store: RecentTrackerStore, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker_store, "KEPT_CONVERSATIONS", 2)
    for sender in ("web-1", "web-2", "web-3"):
        say(store, f"from {sender}", sender)
    counting.reads = 0
    for sender in ("web-3", "web-2", "web-1"):
        say(store, f"again {sender}", sender)
        assert texts(known(store, sender)) == [f"from {sender}", f"again {sender}"]
    assert counting.reads >= 1
    assert len(store._kept) <= 3
