"""Gateways with settings of their own: neighbours that are away, a database that fails, other cookies."""

import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from contracts.wire import ChatReply
from tests.gateway.conftest import Gateway

Start = Callable[..., Gateway]


def reply_of(gateway: Gateway, text: str) -> ChatReply:
    response = gateway.ask(text)
    assert response.status_code == 200
    return ChatReply.model_validate(response.json())


def test_a_closed_port_becomes_a_sentence(start_gateway: Start, question: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    reply = reply_of(start_gateway(RASA_URL=f"http://127.0.0.1:{port}"), question)
    assert reply.status == "neighbour_down"
    assert reply.turn_id in reply.text


def broken(file: Path) -> None:
    file.write_bytes(b"this is no database, whatever its name says " * 50)


def without_tables(file: Path) -> None:
    sqlite3.connect(file).close()


def read_only(file: Path) -> None:
    """A folder in the place of the file: it can't be opened by anybody, not even by root."""
    file.mkdir()


@pytest.mark.parametrize("spoil", [broken, without_tables, read_only])
def test_a_database_that_fails_costs_the_record_and_not_the_reply(
    start_gateway: Start, tmp_path: Path, question: str, spoil: Callable[[Path], None]
) -> None:
    file = tmp_path / "spoilt.db"
    spoil(file)
    gateway = start_gateway(DATABASE_URL=f"sqlite:///{file}")
    before = gateway.counted("frontdesk_not_stored_total")
    assert reply_of(gateway, question).text == "Choose Versions, then Restore."
    assert gateway.counted("frontdesk_not_stored_total") == before + 2


def test_a_database_that_cannot_be_reached_costs_only_the_record(start_gateway: Start, question: str) -> None:
    gateway = start_gateway(DATABASE_URL="postgresql://nobody:nothing@127.0.0.1:1/none")
    before = gateway.counted("frontdesk_not_stored_total", cause="OperationalError")
    assert reply_of(gateway, question).status == "answered"
    assert gateway.counted("frontdesk_not_stored_total", cause="OperationalError") == before + 2


def test_health_names_what_is_missing(start_gateway: Start, tmp_path: Path) -> None:
    broken(tmp_path / "spoilt.db")
    gateway = start_gateway(DATABASE_URL=f"sqlite:///{tmp_path}/spoilt.db", RASA_URL="http://127.0.0.1:1")
    response = httpx.get(f"{gateway.address}/health", trust_env=False)
    assert (response.status_code, response.json()) == (503, {"status": "unready", "rasa": False, "database": False})


def test_behind_https_the_cookie_is_secure(start_gateway: Start) -> None:
    gateway = start_gateway(SECURE_COOKIE="true")
    response = httpx.post(f"{gateway.address}/chat/v1/session", json={}, trust_env=False)
    assert "Secure" in response.headers["Set-Cookie"]
