"""A turn is run once, whoever hangs up and asks again; over a real sanic server on a free port."""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from rasa.core.channels.channel import UserMessage, register
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.run import create_http_input_channels
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from sanic import Sanic

from rasa_components.rest_channel import Turns
from tests.rasa_components.conftest import ROOT

Conversation = Callable[["Client"], Awaitable[Any]]
Talk = Callable[["Dialogue", Conversation], Any]


class Dialogue:
    """Stands where Rasa's agent would: takes its time, fails at first, says one text in each run; `heard` is kept."""

    def __init__(self, seconds: float = 0.0, fails: int = 0, says: str = "answer") -> None:
        self.heard: list[UserMessage] = []
        self._seconds, self._fails, self._says = seconds, fails, says

    async def handle_message(self, message: UserMessage) -> None:
        self.heard.append(message)
        run = len(self.heard)
        await asyncio.sleep(self._seconds)
        if self._says:
            await message.output_channel.send_text_message(message.sender_id, f"{self._says} {run}")
        if run <= self._fails:
            raise RuntimeError("the tracker store is away")


class Client:
    """Posts to the channel in a conversation of its own; gives the status and the texts."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url, self.sender = session, url, f"web-{uuid4().hex}"

    async def raw(self, data: str, query: str = "") -> tuple[int, str]:
        async with self._session.post(self._url + query, data=data) as answer:
            return answer.status, await answer.text()

    async def put(self, path: str, data: str) -> int:
        async with self._session.put(self._url.removesuffix("webhook") + path, data=data) as answer:
            return answer.status

    def body(self, **more: Any) -> str:
        return json.dumps({"sender": self.sender, "message": "hello", "metadata": {"turn_id": "t-1"}, **more})

    async def say(self, **more: Any) -> list[str]:
        status, text = await self.raw(self.body(**more))
        assert status == 200
        return [said["text"] for said in json.loads(text)]


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    """`talk(dialogue, conversation)`: with the channel of credentials.yml, registered and routed as `rasa run` does it.

    One server for all tests: sanic rewrites its own classes when it starts, which works once in a process.
    """
    app = Sanic("test_rest_channel", configure_logging=False)
    register(create_http_input_channels(None, str(ROOT / "credentials.yml")), app, "/webhooks/")
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks/rest/webhook"
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    server = loop.run_until_complete(app.create_server(sock=listener, return_asyncio_server=True, access_log=False))
    loop.run_until_complete(server.startup())
    loop.run_until_complete(server.start_serving())

    async def once(dialogue: Dialogue, conversation: Conversation) -> Any:
        app.ctx.agent = dialogue
        async with aiohttp.ClientSession() as session:
            return await asyncio.wait_for(conversation(Client(session, url)), 20)

    yield lambda dialogue, conversation: loop.run_until_complete(once(dialogue, conversation))
    loop.run_until_complete(server.close())
    loop.run_until_complete(asyncio.sleep(0.1))  # the connections notice
    asyncio.set_event_loop(None)
    loop.close()


def test_a_turn_that_is_sent_again_gets_the_same_messages(talk: Talk) -> None:
    dialogue = Dialogue()

    async def conversation(client: Client) -> list[list[str]]:
        return [await client.say() for _ in range(3)]

    assert talk(dialogue, conversation) == [["answer 1"]] * 3
    assert len(dialogue.heard) == 1


def test_a_turn_that_is_under_way_is_waited_for(talk: Talk) -> None:
    dialogue = Dialogue(seconds=0.2)

    async def conversation(client: Client) -> list[list[str]]:
        return list(await asyncio.gather(*(client.say() for _ in range(10))))

    assert talk(dialogue, conversation) == [["answer 1"]] * 10
    assert len(dialogue.heard) == 1


@pytest.mark.parametrize("pause", [0.0, 0.5])
def test_who_hangs_up_and_comes_back_gets_the_answer(
    talk: Talk, pause: float, caplog: pytest.LogCaptureFixture
) -> None:
    dialogue = Dialogue(seconds=0.4)

    async def conversation(client: Client) -> list[str]:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.say(), 0.1)
        await asyncio.sleep(pause)
        return await client.say()

    assert talk(dialogue, conversation) == ["answer 1"]
    assert len(dialogue.heard) == 1
    assert "turn=t-1" in caplog.text and "hello" not in caplog.text


def test_who_hangs_up_takes_nothing_from_who_waits_too(talk: Talk) -> None:
    async def conversation(client: Client) -> list[str]:
        waiting = asyncio.ensure_future(client.say())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.say(), 0.1)
        return await waiting

    assert talk(Dialogue(seconds=0.3), conversation) == ["answer 1"]


@pytest.mark.parametrize("other", [{"metadata": {"turn_id": "t-2"}}, {"sender": "web-2"}])
def test_another_turn_and_another_conversation_are_run(talk: Talk, other: dict[str, Any]) -> None:
    async def conversation(client: Client) -> list[list[str]]:
        return [await client.say(), await client.say(**other)]

    assert talk(Dialogue(), conversation) == [["answer 1"], ["answer 2"]]


@pytest.mark.parametrize("metadata", [None, {}, {"turn_id": None}, {"turn_id": 7}, {"turn_id": ""}, [], "t-1"])
def test_without_a_turn_id_every_message_counts(talk: Talk, metadata: Any) -> None:
    async def conversation(client: Client) -> list[list[str]]:
        return [await client.say(metadata=metadata) for _ in range(2)]

    assert talk(Dialogue(), conversation) == [["answer 1"], ["answer 2"]]


@pytest.mark.parametrize("metadata", [{}, {"turn_id": "t-1", "audience": "public"}])
def test_the_dialogue_hears_what_rasas_own_channel_would_tell(talk: Talk, metadata: dict[str, str]) -> None:
    dialogue = Dialogue()
    talk(dialogue, lambda client: client.say(sender="web-9", metadata=metadata))
    heard = dialogue.heard[0]
    assert (heard.text, heard.sender_id, heard.input_channel) == ("hello", "web-9", "rest")
    assert (heard.metadata, heard.output_channel.name()) == (metadata, "collector")


def test_a_turn_that_failed_is_told_what_was_said_and_may_be_run_again(
    talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    async def conversation(client: Client) -> list[list[str]]:
        return [await client.say() for _ in range(3)]

    assert talk(Dialogue(fails=1), conversation) == [["answer 1"], ["answer 2"], ["answer 2"]]
    assert "The turn failed. turn=t-1" in caplog.text


def test_a_turn_that_said_nothing_may_be_run_again(talk: Talk) -> None:
    dialogue = Dialogue(says="")

    async def conversation(client: Client) -> list[list[str]]:
        return [await client.say() for _ in range(2)]

    assert talk(dialogue, conversation) == [[], []]
    assert len(dialogue.heard) == 2


def test_a_streamed_turn_is_run_once_too(talk: Talk) -> None:
    dialogue = Dialogue()

    async def conversation(client: Client) -> tuple[list[str], tuple[int, str]]:
        return await client.say(), await client.raw(client.body(), "?stream=true")

    plain, (status, streamed) = talk(dialogue, conversation)
    assert (status, json.loads(streamed)["text"], plain) == (200, "answer 1", ["answer 1"])
    assert len(dialogue.heard) == 1


WRONG = [
    "", "{", "null", "7", "[]", '"hello"', "{}", '{"sender": "x"}', '{"message": "x"}', '{"sender": 1, "message": "x"}',
    '{"sender": "x", "message": null}', '{"sender": "x", "message": ["x"]}',
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_body_that_is_no_message_is_a_400(talk: Talk, wrong: str) -> None:
    dialogue = Dialogue()
    assert talk(dialogue, lambda client: client.raw(wrong))[0] == 400
    assert dialogue.heard == []


def runs(turns_of: Callable[[Dialogue], Turns], *ids: str) -> int:
    """How many of these turns, one after another, the dialogue heard."""
    dialogue = Dialogue()
    turns = turns_of(dialogue)

    async def go() -> None:
        for turn in ids:
            await turns.once(UserMessage("hello", sender_id="web-1", metadata={"turn_id": turn}))

    asyncio.run(go())
    return len(dialogue.heard)


def test_only_so_many_turns_are_kept() -> None:
    assert runs(lambda dialogue: Turns(dialogue.handle_message, kept=2), "1", "2", "3", "3", "2") == 3
    assert runs(lambda dialogue: Turns(dialogue.handle_message, kept=2), "1", "2", "3", "1") == 4


def test_a_turn_is_kept_only_so_long() -> None:
    turns: list[Turns] = []

    def brief(dialogue: Dialogue) -> Turns:
        turns.append(Turns(dialogue.handle_message, seconds=0.0))
        return turns[0]

    assert runs(brief, "1", "1", "2", "3") == 4
    assert len(turns[0]._over) == 1


def test_a_stopping_rasa_ends_the_wait() -> None:
    async def go() -> None:
        turns = Turns(Dialogue(seconds=5).handle_message)
        waiting = asyncio.ensure_future(turns.once(UserMessage("hello", sender_id="w", metadata={"turn_id": "t"})))
        await asyncio.sleep(0.01)
        next(iter(turns._running.values())).cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    logging.getLogger("asyncio").setLevel(logging.ERROR)
    asyncio.run(go())


class Tracked:
    """As much of an agent as pausing needs: real trackers in a real store and a real lock."""

    def __init__(self) -> None:
        self.lock_store, self.tracker_store = InMemoryLockStore(), InMemoryTrackerStore(Domain.empty())
        self.processor = self

    async def get_tracker(self, conversation: str) -> DialogueStateTracker:
        return await self.tracker_store.get_or_create_tracker(conversation, append_action_listen=False)


def paused(talk: Talk, agent: Tracked, *bodies: str) -> list[int]:
    """The statuses of these requests, one after another, for the conversation web-1."""

    async def conversation(client: Client) -> list[int]:
        return [await client.put("conversations/web-1/paused", body) for body in bodies]

    return talk(agent, conversation)


@pytest.mark.parametrize(("bodies", "is_paused"), [(["true"], True), (["true", "true", "false"], False)])
def test_a_conversation_is_paused_and_resumed(talk: Talk, bodies: list[str], is_paused: bool) -> None:
    agent = Tracked()
    assert paused(talk, agent, *(f'{{"paused": {one}}}' for one in bodies)) == [200] * len(bodies)
    tracker = asyncio.run(agent.tracker_store.retrieve("web-1"))
    assert tracker.is_paused() is is_paused
    assert len(tracker.events) == len(set(bodies))


@pytest.mark.parametrize("wrong", ["", "{", "[]", "{}", '{"paused": 1}', '{"paused": "true"}'])
def test_a_body_that_says_neither_is_a_400(talk: Talk, wrong: str) -> None:
    agent = Tracked()
    assert paused(talk, agent, wrong) == [400]
    assert asyncio.run(agent.tracker_store.retrieve("web-1")) is None
