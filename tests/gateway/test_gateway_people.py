"""A person takes over: asked for, joins, writes, leaves; and is stood in for when silent too long."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.gateway.chat import Customer
from tests.gateway.conftest import OPERATOR, Gateway
from tests.gateway.fake_rasa import gives

Start = Callable[..., Gateway]
HANDED_OVER = gives([{"text": "I've passed this on as T-000001."}, {"custom": {"person": "asked"}}])


@pytest.fixture
def operator(gateway: Gateway) -> Iterator[httpx.Client]:
    with operator_of(gateway) as client:
        yield client


def operator_of(gateway: Gateway) -> httpx.Client:
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    url = f"{gateway.address}/operator/v1/conversations"
    return httpx.Client(base_url=url, headers=headers, trust_env=False)


def handed_over(gateway: Gateway, customer: Customer) -> str:
    """Ask for a person; returns the conversation."""
    gateway.rasa.moods["/talk_to_person"] = HANDED_OVER
    customer.http.post("/person", json={}, headers={"Prefer": "wait"}).raise_for_status()
    conversation: str = gateway.rasa.heard[-1]["sender"]
    return conversation


def test_who_asks_for_a_person_is_told_and_stands_in_the_list(gateway: Gateway, operator: httpx.Client) -> None:
    with Customer(gateway.address) as customer, customer.listen() as events:
        conversation = handed_over(gateway, customer)
        assert events.wait_for("person").data == {"state": "asked", "name": None}
    listed = operator.get(f"{gateway.address}/operator/v1/conversations").json()["conversations"]
    assert {"state": "asked", "name": None} in [one["person"] for one in listed if one["id"] == conversation]


def test_the_wish_for_a_person_is_understood_in_words_too(gateway: Gateway, question: str) -> None:
    gateway.rasa.moods[question] = HANDED_OVER
    with Customer(gateway.address) as customer, customer.listen() as events:
        customer.post(question)
        assert events.wait_for("person").data["state"] == "asked"


def test_a_person_joins_writes_and_leaves(gateway: Gateway, operator: httpx.Client, question: str) -> None:
    with Customer(gateway.address) as customer, customer.listen() as events:
        conversation = handed_over(gateway, customer)
        operator.post(f"/{conversation}/join", json={"name": "Mara"}).raise_for_status()
        assert events.wait_for("person", count=2).data == {"state": "joined", "name": "Mara"}
        heard = len(gateway.rasa.heard)
        assert customer.ask(question)["status"] == "with_person"
        operator.post(f"/{conversation}/say", json={"text": "Let me look."}).raise_for_status()
        said = events.wait_for("reply", count=2).data
        assert (said["author"], said["name"], said["text"]) == ("person", "Mara", "Let me look.")
        assert len(gateway.rasa.heard) == heard  # the assistant kept out of it
        operator.post(f"/{conversation}/leave").raise_for_status()
        assert events.wait_for("person", count=3).data == {"state": "left", "name": "Mara"}
        assert customer.ask(f"{question} again")["text"] == "Choose Versions, then Restore."


def test_who_comes_back_sees_that_a_person_is_there(gateway: Gateway, operator: httpx.Client) -> None:
    with Customer(gateway.address) as customer:
        conversation = handed_over(gateway, customer)
        operator.post(f"/{conversation}/join", json={"name": "Mara"})
        operator.post(f"/{conversation}/say", json={"text": "Hello."})
        with Customer(gateway.address, customer.token) as again:
            assert again.session["person"] == {"state": "joined", "name": "Mara"}
            assert again.session["messages"][-1]["name"] == "Mara"


def test_the_operator_reads_the_conversation(gateway: Gateway, operator: httpx.Client, question: str) -> None:
    with Customer(gateway.address) as customer:
        customer.ask(question)
        conversation = handed_over(gateway, customer)
    texts = [message["text"] for message in operator.get(f"/{conversation}/messages").json()["messages"]]
    assert texts[0] == question


def test_a_person_who_stays_silent_is_stood_in_for(start_gateway: Start, question: str) -> None:
    gateway = start_gateway(PERSON_MINUTES="0.01", LOOK_SECONDS="0.2")
    with Customer(gateway.address) as customer, customer.listen() as events, operator_of(gateway) as operator:
        conversation = handed_over(gateway, customer)
        operator.post(f"/{conversation}/join", json={"name": "Mara"})
        customer.post(question)
        assert events.wait_for("person", count=3).data == {"state": "left", "name": "Mara"}
        assert events.wait_for("reply", count=2).data["text"] == "Choose Versions, then Restore."
    assert len(gateway.rasa.heard_text(question)) == 1


@pytest.mark.parametrize("token", [None, "wrong", OPERATOR[:-1], OPERATOR + "x", "é" * 40])
def test_without_the_operators_token_nothing_is_told(gateway: Gateway, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
    refused = httpx.get(f"{gateway.address}/operator/v1/conversations", headers=headers, trust_env=False)
    assert (refused.status_code, refused.json()["code"]) == (401, "no_session")


def test_a_customers_token_opens_no_operators_door(gateway: Gateway) -> None:
    with Customer(gateway.address) as customer:
        url = f"{gateway.address}/operator/v1/conversations"
        assert httpx.get(url, headers=customer.http.headers, trust_env=False).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("join", {"name": "Mara"}, 404), ("say", {"text": "hi"}, 404), ("leave", None, 404), ("join", {"name": ""}, 422)],
)
def test_a_conversation_that_is_not_there_is_refused(operator: httpx.Client, path: str, body: Any, status: int) -> None:
    assert operator.post(f"/web-nobody/{path}", json=body).status_code == status


def test_nobody_writes_before_joining(gateway: Gateway, operator: httpx.Client) -> None:
    with Customer(gateway.address) as customer:
        conversation = handed_over(gateway, customer)
    assert "Join" in operator.post(f"/{conversation}/say", json={"text": "hi"}).json()["message"]


def command(gateway: Gateway, *arguments: str) -> subprocess.CompletedProcess[str]:
    port = gateway.address.rpartition(":")[2]
    environment = {**os.environ, "GATEWAY_PORT": port, "OPERATOR_TOKEN": OPERATOR, "COLUMNS": "160"}
    line = [sys.executable, "-m", "frontdesk", "conversations", *arguments]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_person_can_help_from_the_command_line(gateway: Gateway) -> None:
    with Customer(gateway.address) as customer:
        conversation = handed_over(gateway, customer)
        assert conversation in command(gateway, "waiting").stdout
        assert "You are in" in command(gateway, "join", conversation, "--name", "Mara").stdout
        assert command(gateway, "say", conversation, "Good morning.").returncode == 0
        assert "Mara: Good morning." in command(gateway, "show", conversation).stdout
        assert command(gateway, "leave", conversation).returncode == 0
    refused = command(gateway, "say", conversation, "Still there?")
    assert (refused.returncode, refused.stderr.strip()) == (1, "✗ Join the conversation first.")


def test_asking_twice_calls_one_person(gateway: Gateway) -> None:
    with Customer(gateway.address) as customer:
        handed_over(gateway, customer)
        heard = len(gateway.rasa.heard)
        again = customer.http.post("/person", json={}, headers={"Prefer": "wait"}).json()
    assert again["status"] == "answered" and "noted" in again["text"]
    assert len(gateway.rasa.heard) == heard


def test_a_second_person_is_told_who_is_there(gateway: Gateway, operator: httpx.Client) -> None:
    with Customer(gateway.address) as customer:
        conversation = handed_over(gateway, customer)
        for status in (204, 204):  # Mara may say it twice
            assert operator.post(f"/{conversation}/join", json={"name": "Mara"}).status_code == status
        refused = operator.post(f"/{conversation}/join", json={"name": "Ben"})
        assert refused.status_code == 409 and "Mara is in this conversation" in refused.json()["message"]
        assert customer.http.post("/session", json={"transport": "bearer"}).json()["person"]["name"] == "Mara"


@pytest.mark.parametrize("name", ["   ", "\u202e", "\x1b\x07"])
def test_a_name_without_letters_is_refused(gateway: Gateway, operator: httpx.Client, name: str) -> None:
    with Customer(gateway.address) as customer:
        conversation = handed_over(gateway, customer)
        assert operator.post(f"/{conversation}/join", json={"name": name}).status_code == 422


def test_a_name_can_not_colour_a_terminal(gateway: Gateway, operator: httpx.Client) -> None:
    with Customer(gateway.address) as customer, customer.listen() as events:
        conversation = handed_over(gateway, customer)
        operator.post(f"/{conversation}/join", json={"name": "Ben\n\x1b[31mred"}).raise_for_status()
        assert events.wait_for("person", count=2).data["name"] == "Ben [31mred"


def test_nobody_leaves_who_was_not_there(gateway: Gateway, operator: httpx.Client) -> None:
    with Customer(gateway.address) as customer:
        conversation = handed_over(gateway, customer)
        assert operator.post(f"/{conversation}/leave").status_code == 404
        listed = operator.get(f"{gateway.address}/operator/v1/conversations").json()["conversations"]
        assert conversation in [one["id"] for one in listed]


def test_what_a_person_leaves_unanswered_is_answered(gateway: Gateway, operator: httpx.Client, question: str) -> None:
    with Customer(gateway.address) as customer:
        conversation = handed_over(gateway, customer)
        operator.post(f"/{conversation}/join", json={"name": "Mara"})
        customer.ask(question)
        with customer.listen() as events:
            operator.post(f"/{conversation}/leave").raise_for_status()
            assert events.wait_for("reply").data["author"] == "assistant"
    assert len(gateway.rasa.heard_text(question)) == 1


def test_a_conversation_that_is_not_there_is_not_shown(gateway: Gateway) -> None:
    shown = command(gateway, "show", "web-nobody")
    assert shown.returncode == 1 and "no such open conversation" in shown.stderr
