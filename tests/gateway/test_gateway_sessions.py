"""Sessions: tokens that only the gateway can make, and nobody else's conversation to be read or written on."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

from gateway import phrases
from gateway.sessions import Offers, Sessions
from tests.gateway.conftest import SECRET, Gateway

NEW_KEY = "a-newer-secret-of-these-tests-0123456789-abcdef"
Start = Callable[..., Gateway]


def session(gateway: Gateway, token: str | None = None, transport: str = "bearer") -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"transport": transport}
    response = httpx.post(f"{gateway.address}/chat/v1/session", json=body, headers=headers, trust_env=False)
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def ask(gateway: Gateway, token: str, text: str | None = None) -> tuple[httpx.Response, str]:
    """The response, and the conversation that Rasa heard of."""
    question = text or f"how do I restore file {uuid4().hex[:12]}"
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait"}
    response = httpx.post(
        f"{gateway.address}/chat/v1/messages", json={"text": question}, headers=headers, timeout=30, trust_env=False
    )
    assert response.status_code == 200
    return response, gateway.rasa.heard_text(question)[0]["sender"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(gateway: Gateway) -> None:
    response = httpx.post(f"{gateway.address}/chat/v1/session", json={}, trust_env=False)
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Max-Age=2592000" in cookie
    assert response.json()["token"] is None
    assert response.headers["Cache-Control"] == "no-store"


def test_a_bearer_token_comes_without_a_cookie(gateway: Gateway) -> None:
    response = httpx.post(f"{gateway.address}/chat/v1/session", json={"transport": "bearer"}, trust_env=False)
    assert response.json()["token"]
    assert "Set-Cookie" not in response.headers


def test_a_visitor_finds_his_conversation_again(gateway: Gateway) -> None:
    first = session(gateway)
    _, conversation = ask(gateway, first["token"])
    again = session(gateway, first["token"])
    assert again["resumed"] is True
    assert [message["author"] for message in again["messages"]] == ["customer", "assistant"]
    assert ask(gateway, again["token"])[1] == conversation


def test_two_visitors_have_two_conversations(gateway: Gateway) -> None:
    conversations = {ask(gateway, session(gateway)["token"])[1] for _ in range(5)}
    assert len(conversations) == 5
    assert all(len(conversation) > 20 for conversation in conversations)


def altered(token: str) -> str:
    return ("A" if token[0] != "A" else "B") + token[1:]


FORGERIES: dict[str, Callable[[str], str]] = {
    "another secret": lambda _: str(URLSafeTimedSerializer("x" * 40, salt="frontdesk.session").dumps("web-victim")),
    "another purpose": lambda _: str(URLSafeTimedSerializer(SECRET, salt="other").dumps("web-victim")),
    "a signed list": lambda _: str(URLSafeTimedSerializer(SECRET, salt="frontdesk.session").dumps(["web-victim"])),
    "a quick reply": lambda _: Offers(SECRET, 1).sign("web-victim", "/affirm"),
    "an altered id": altered,
    "an altered signature": lambda token: token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1],
    "no signature": lambda token: token.split(".")[0],
    "the plain id": lambda _: "web-victim",
    "dots": lambda _: "...",
    "nonsense": lambda _: "%00%ff",
    "a long one": lambda token: token * 50,
}
CALLS: dict[str, dict[str, Any]] = {
    "read": {"method": "GET", "url": "/chat/v1/messages"},
    "listen": {"method": "GET", "url": "/chat/v1/events"},
    "write": {"method": "POST", "url": "/chat/v1/messages", "json": {"text": "hello there my friend"}},
    "ask for a person": {"method": "POST", "url": "/chat/v1/person", "json": {}},
    "rate": {"method": "PUT", "url": "/chat/v1/turns/t-1/rating", "json": {"value": "up"}},
    "unrate": {"method": "DELETE", "url": "/chat/v1/turns/t-1/rating"},
    "end": {"method": "DELETE", "url": "/chat/v1/session"},
}


def call(gateway: Gateway, name: str, token: str | None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=gateway.address, trust_env=False) as browser:
        return browser.request(**CALLS[name], headers=headers)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_reads_and_writes_nothing(gateway: Gateway, forgery: str) -> None:
    token = FORGERIES[forgery](session(gateway)["token"])
    heard = len(gateway.rasa.heard)
    for name in CALLS:
        refused = call(gateway, name, token)
        assert (refused.status_code, refused.json()["code"]) == (401, "no_session"), name
    assert len(gateway.rasa.heard) == heard


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_begins_a_new_conversation(gateway: Gateway, forgery: str) -> None:
    mine = session(gateway)["token"]
    ask(gateway, mine)
    assert session(gateway, FORGERIES[forgery](mine))["messages"] == []


@pytest.mark.parametrize("name", CALLS)
def test_without_a_token_nothing_is_read_or_written(gateway: Gateway, name: str) -> None:
    assert call(gateway, name, None).status_code == 401


@pytest.mark.parametrize("name", CALLS)
def test_an_ended_conversation_can_not_be_gone_on_with(gateway: Gateway, name: str) -> None:
    token = session(gateway)["token"]
    ask(gateway, token)
    assert call(gateway, "end", token).status_code == 204
    replayed = call(gateway, name, token)
    assert (replayed.status_code, replayed.json()["message"]) == (401, phrases.NO_SESSION)


def test_the_token_of_an_ended_conversation_begins_a_new_one(gateway: Gateway) -> None:
    token = session(gateway)["token"]
    ask(gateway, token)
    call(gateway, "end", token)
    begun = session(gateway, token)
    assert (begun["resumed"], begun["messages"]) == (False, [])


def test_an_expired_token_reads_and_writes_nothing(start_gateway: Start) -> None:
    gateway = start_gateway(SESSION_DAYS="0.00001")  # 0.9 s, cut to 0 whole seconds
    token = session(gateway)["token"]
    import time

    time.sleep(1.1)
    assert {call(gateway, name, token).status_code for name in CALLS} == {401}


def test_a_turn_of_somebody_else_can_not_be_rated(gateway: Gateway) -> None:
    turn = ask(gateway, session(gateway)["token"])[0].json()["turn_id"]
    stranger = {"Authorization": f"Bearer {session(gateway)['token']}"}
    url = f"{gateway.address}/chat/v1/turns/{turn}/rating"
    assert httpx.put(url, json={"value": "up"}, headers=stranger, trust_env=False).status_code == 404


def test_a_key_can_be_changed_without_ending_conversations(start_gateway: Start) -> None:
    old = Sessions(SECRET, 30).issue("web-of-before")[0]
    gateway = start_gateway(SESSION_SECRET=f"{NEW_KEY} {SECRET}")
    assert ask(gateway, old)[1] == "web-of-before"
    fresh = session(gateway, old)["token"]
    assert fresh != old
    read = Sessions(NEW_KEY, 30).read(fresh)
    assert read is not None and read.conversation == "web-of-before"
    assert Sessions(NEW_KEY, 30).read(old) is None


def test_the_client_cannot_choose_its_conversation(gateway: Gateway) -> None:
    wanted, token = f"web-{uuid4().hex}", session(gateway)["token"]
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait"}
    for body in ({"text": "hi", "sender": wanted}, {"text": "hi", "conversation_id": wanted}):
        url = f"{gateway.address}/chat/v1/messages"
        assert httpx.post(url, json=body, headers=headers, trust_env=False).status_code == 422
    for where in (f"?sender={wanted}", f"?conversation={wanted}"):
        httpx.post(f"{gateway.address}/chat/v1/messages{where}", json={"text": "hi"}, headers=headers, trust_env=False)
    assert wanted not in {heard["sender"] for heard in gateway.rasa.heard}


@given(token=st.text(max_size=80))
def test_no_token_of_chance_is_accepted(token: str) -> None:
    assert Sessions(SECRET, days=1).read(token) is None
    assert Offers(SECRET, days=1).read("web-1", token) is None


def test_a_token_reads_back_to_its_conversation() -> None:
    sessions = Sessions(SECRET, days=1)
    conversation = sessions.begin()
    token, _ = sessions.issue(conversation)
    read = sessions.read(token)
    assert read is not None and read.conversation == conversation and not read.stale
    assert conversation not in token
