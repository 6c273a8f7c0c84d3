"""Sessions: a cookie that only the gateway can make, and nobody else's conversation to be read on."""

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

from gateway.sessions import COOKIE, Sessions
from tests.gateway.conftest import SECRET, Gateway


def ask(gateway: Gateway, token: str | None = None) -> tuple[httpx.Response, str]:
    """The response, and the conversation that Rasa heard of."""
    question = f"how do I restore file {uuid4().hex[:12]}"
    headers = {} if token is None else {"Cookie": f"{COOKIE}={token}"}
    response = httpx.post(
        f"{gateway.address}/chat/messages", json={"message": question}, headers=headers, timeout=30, trust_env=False
    )
    assert response.status_code == 200
    return response, gateway.rasa.heard_text(question)[0]["sender"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(gateway: Gateway) -> None:
    cookie = ask(gateway)[0].headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Max-Age=2592000" in cookie


def test_a_visitor_keeps_his_conversation_without_a_new_cookie(gateway: Gateway) -> None:
    first, conversation = ask(gateway)
    second, same = ask(gateway, first.cookies[COOKIE])
    assert same == conversation
    assert "Set-Cookie" not in second.headers


def test_two_visitors_have_two_conversations(gateway: Gateway) -> None:
    conversations = {ask(gateway)[1] for _ in range(5)}
    assert len(conversations) == 5
    assert all(len(conversation) > 20 for conversation in conversations)


def altered(token: str) -> str:
    return ("A" if token[0] != "A" else "B") + token[1:]


FORGERIES: dict[str, Callable[[str], str]] = {
    "another secret": lambda _: URLSafeTimedSerializer("x" * 40, salt="frontdesk.session").dumps("web-victim"),
    "another purpose": lambda _: URLSafeTimedSerializer(SECRET, salt="other").dumps("web-victim"),
    "an altered id": altered,
    "an altered signature": lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
    "no signature": lambda token: token.split(".")[0],
    "the plain id": lambda _: "web-victim",
    "dots": lambda _: "...",
    "nonsense": lambda _: "%00%ff",
    "a long one": lambda token: token * 50,
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_begins_a_new_conversation(gateway: Gateway, forgery: str) -> None:
    first, conversation = ask(gateway)
    response, other = ask(gateway, FORGERIES[forgery](first.cookies[COOKIE]))
    assert other not in (conversation, "web-victim")
    assert response.cookies[COOKIE]


def test_the_client_cannot_choose_its_conversation(gateway: Gateway) -> None:
    wanted = f"web-{uuid4().hex}"
    for body in ({"message": "hi", "sender": wanted}, {"message": "hi", "conversation_id": wanted}):
        assert httpx.post(f"{gateway.address}/chat/messages", json=body, trust_env=False).status_code == 422
    httpx.post(f"{gateway.address}/chat/messages?sender={wanted}", json={"message": "hi"}, trust_env=False)
    assert wanted not in {heard["sender"] for heard in gateway.rasa.heard}


@given(token=st.text(max_size=80))
def test_no_token_of_chance_is_accepted(token: str) -> None:
    assert Sessions(SECRET, days=1).read(token) is None


def test_a_token_reads_back_to_its_conversation() -> None:
    sessions = Sessions(SECRET, days=1)
    conversation, token = sessions.begin()
    assert sessions.read(token) == conversation
    assert conversation not in token
