"""A turn is run at most once, whoever hangs up and asks again; a real sanic server on a free port."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from rasa_components.rest_channel import RestChannel, Turns

Handler = Callable[[UserMessage], Awaitable[None]]
WEBHOOK = "/webhooks/rest/webhook"
names = iter(range(1_000))


class Dialogue:
    """Stands where Rasa's agent would; counts what it is asked."""

    def __init__(self, seconds: float = 0.0, fails: int = 0, silent: bool = False) -> None:
        self.heard: list[UserMessage] = []
        self._seconds, self._fails, self._silent = seconds, fails, silent

    async def __call__(self, message: UserMessage) -> None:
        self.heard.append(message)
        await asyncio.sleep(self._seconds)
        if len(self.heard) <= self._fails:
            raise RuntimeError("the action server is away")
        if not self._silent:
            await message.output_channel.send_text_message(message.sender_id, f"answer {len(self.heard)}")


def with_channel(dialogue: Handler, talk: Callable[[aiohttp.ClientSession, str], Awaitable[Any]]) -> Any:
    """Run `talk` against a served channel."""

    async def run() -> Any:
        app = Sanic(f"channel-{next(names)}", configure_logging=False)
        app.blueprint(RestChannel.from_credentials(None).blueprint(dialogue), url_prefix="/webhooks/rest")
        server = await app.create_server("127.0.0.1", 0, return_asyncio_server=True, access_log=False)
        await server.startup()
        port = server.sockets[0].getsockname()[1]
        async with aiohttp.ClientSession() as client:
            try:
                return await talk(client, f"http://127.0.0.1:{port}{WEBHOOK}")
            finally:
                server.close()
                await server.wait_closed()

    return asyncio.run(run())


def body(turn: str = "t-1", sender: str = "web-1") -> dict[str, Any]:
    return {"sender": sender, "message": "hello", "metadata": {"turn_id": turn}}


async def post(client: aiohttp.ClientSession, url: str, json: Any) -> Any:
    async with client.post(url, json=json) as answer:
        return await answer.json()


def test_a_turn_that_is_sent_again_gets_the_same_answer() -> None:
    dialogue = Dialogue()

    async def talk(client: aiohttp.ClientSession, url: str) -> None:
        assert await post(client, url, body()) == await post(client, url, body())

    with_channel(dialogue, talk)
    assert len(dialogue.heard) == 1


def test_a_turn_that_is_still_under_way_is_waited_for() -> None:
    dialogue = Dialogue(seconds=0.2)

    async def talk(client: aiohttp.ClientSession, url: str) -> None:
        one, other = await asyncio.gather(post(client, url, body()), post(client, url, body()))
        assert one == other != []

    with_channel(dialogue, talk)
    assert len(dialogue.heard) == 1


def test_who_hangs_up_and_comes_back_gets_the_answer() -> None:
    dialogue = Dialogue(seconds=0.4)

    async def talk(client: aiohttp.ClientSession, url: str) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(post(client, url, body()), 0.1)
        assert (await post(client, url, body()))[0]["text"] == "answer 1"

    with_channel(dialogue, talk)
    assert len(dialogue.heard) == 1


@pytest.mark.parametrize("other", [body("t-2"), body(sender="web-2")])
def test_another_turn_or_conversation_is_another_turn(other: dict[str, Any]) -> None:
    dialogue = Dialogue()

    async def talk(client: aiohttp.ClientSession, url: str) -> None:
        assert await post(client, url, body()) != await post(client, url, other)

    with_channel(dialogue, talk)
    assert len(dialogue.heard) == 2


def test_without_a_turn_every_message_counts() -> None:
    dialogue = Dialogue()

    async def talk(client: aiohttp.ClientSession, url: str) -> None:
        for _ in range(2):
            await post(client, url, {"sender": "web-1", "message": "hello"})

    with_channel(dialogue, talk)
    assert len(dialogue.heard) == 2


def test_a_turn_that_failed_may_be_run_again() -> None:
    dialogue = Dialogue(fails=1)

    async def talk(client: aiohttp.ClientSession, url: str) -> None:
        async with client.post(url, json=body()) as answer:
            assert answer.status == 500
        assert (await post(client, url, body()))[0]["text"] == "answer 2"

    with_channel(dialogue, talk)


def test_a_turn_that_said_nothing_may_be_run_again() -> None:
    dialogue = Dialogue(silent=True)

    async def talk(client: aiohttp.ClientSession, url: str) -> None:
        assert [await post(client, url, body()) for _ in range(2)] == [[], []]

    with_channel(dialogue, talk)
    assert len(dialogue.heard) == 2


@pytest.mark.parametrize("wrong", ["hello", [], 7, None, {}, {"sender": "x"}, {"sender": 1, "message": "x"}])
def test_a_body_that_is_no_message_is_a_400(wrong: Any) -> None:
    async def talk(client: aiohttp.ClientSession, url: str) -> int:
        async with client.post(url, json=wrong) as answer:
            return answer.status

    assert with_channel(Dialogue(), talk) == 400


def test_only_so_many_answers_are_kept_and_only_so_long() -> None:
    runs: list[int] = []

    async def run(turns: Turns, number: int) -> None:
        async def work() -> list[dict[str, int]]:
            runs.append(number)
            return [{"text": number}]

        await turns.run(("web-1", str(number)), work)

    async def go(turns: Turns, numbers: list[int]) -> None:
        for number in numbers:
            await run(turns, number)

    asyncio.run(go(Turns(kept=2), [1, 2, 3, 3, 2, 1]))
    assert runs == [1, 2, 3, 1]
    runs.clear()
    asyncio.run(go(Turns(seconds=0.0), [1, 1]))
    assert runs == [1, 1]
