"""Many messages at once: each gets a reply or a 503 with a sentence, in order and one at a time per conversation."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import httpx
import pytest

from contracts.wire import ChatReply, Problem
from gateway import phrases
from gateway.sessions import COOKIE, Sessions
from tests.gateway.conftest import SECRET, Gateway
from tests.gateway.fake_rasa import says, waits

WAIT = {"Prefer": "wait"}
MESSAGES = 1_000
AT_ONCE = 100
Start = Callable[..., Gateway]


def post_all(gateway: Gateway, texts: Sequence[str], cookies: httpx.Cookies | None = None) -> list[httpx.Response]:
    """Post all of them, at most AT_ONCE under way, begun in their order."""

    async def run() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(
            base_url=gateway.address, timeout=60, limits=limits, trust_env=False, headers=WAIT
        ) as client:
            places = asyncio.Semaphore(AT_ONCE)

            async def post(text: str) -> httpx.Response:
                request = client.build_request(
                    "POST", "/chat/v1/messages", json={"text": text}, cookies=cookies or stranger()
                )
                async with places:
                    return await client.send(request)

            return await asyncio.gather(*(post(text) for text in texts))

    return asyncio.run(run())


def stranger() -> dict[str, str]:
    sessions = Sessions(SECRET, 30)
    return {COOKIE: sessions.issue(sessions.begin())[0]}


def conversation(gateway: Gateway, question: str) -> httpx.Cookies:
    with gateway.browser() as browser:
        browser.post("/chat/v1/messages", json={"text": question})
        return browser.cookies


def test_a_thousand_identical_messages_each_get_a_reply_or_a_reason(gateway: Gateway, question: str) -> None:
    responses = post_all(gateway, [question] * MESSAGES, conversation(gateway, f"{question} first"))
    counts = Counter(response.status_code for response in responses)
    assert set(counts) == {200, 429} and counts.total() == MESSAGES
    assert len({ChatReply.model_validate(r.json()).turn_id for r in responses if r.status_code == 200}) == counts[200]
    refused = [response for response in responses if response.status_code == 429]
    assert {Problem.model_validate(r.json()).message for r in refused} == {phrases.TOO_MANY}
    assert all(int(r.headers["Retry-After"]) >= 1 for r in refused)


def test_what_was_taken_in_reached_rasa_once_and_one_at_a_time(gateway: Gateway, question: str) -> None:
    responses = post_all(gateway, [question] * 60, conversation(gateway, f"{question} first"))
    heard = gateway.rasa.heard_text(question)
    assert len(heard) == sum(r.status_code == 200 and r.json()["status"] == "answered" for r in responses)
    assert {gateway.rasa.most[body["sender"]] for body in heard} == {1}


def test_messages_of_a_conversation_reach_rasa_in_their_order(gateway: Gateway, question: str) -> None:
    cookies, texts = conversation(gateway, question), [f"{question} part {number}" for number in range(8)]
    gateway.rasa.moods[texts[0]] = waits(0.1, says("First."))

    async def run() -> None:
        async with httpx.AsyncClient(
            base_url=gateway.address, cookies=cookies, timeout=30, trust_env=False, headers=WAIT
        ) as client:
            posts = []
            for text in texts:
                posts.append(asyncio.create_task(client.post("/chat/v1/messages", json={"text": text})))
                await asyncio.sleep(0.03)
            assert {response.status_code for response in await asyncio.gather(*posts)} == {200}

    asyncio.run(run())
    assert [body["message"] for body in gateway.rasa.heard if body["message"] in texts] == texts


def test_many_strangers_at_once_are_bounded(gateway: Gateway, question: str) -> None:
    gateway.rasa.moods[question] = waits(0.3, says("Here."))
    responses = post_all(gateway, [question] * AT_ONCE)
    assert {response.status_code for response in responses} == {200}
    told = Counter(response.json()["status"] for response in responses)
    assert set(told) <= {"answered", "deadline_passed"} and told["answered"] >= 8


@pytest.mark.parametrize("conversations", [1, 20])
def test_after_a_rush_everybody_is_served_again(gateway: Gateway, question: str, conversations: int) -> None:
    post_all(gateway, [question] * 60)
    for number in range(conversations):
        assert gateway.ask(f"{question} {number}").status_code == 200


def test_a_slow_conversation_holds_up_nobody_else(gateway: Gateway, question: str) -> None:
    gateway.rasa.moods[question] = waits(0.8, says("Slow."))
    slow, quick = post_all(gateway, [question, f"{question} too"])
    assert slow.json()["text"] == "Slow."
    assert quick.json()["total_ms"] < 500
