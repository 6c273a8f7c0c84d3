"""Bad input: a clear sentence or a 4xx with a reason, nothing crashes, no stack trace leaves the process."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.http import REFUSALS
from contracts.wire import MAX_QUESTION_CHARS, ChatReply, Problem
from gateway import phrases
from tests.gateway.conftest import Gateway

INSIDE = ("Traceback", 'File "', "site-packages", "Error(", "sqlalchemy", "pydantic")


def post_raw(gateway: Gateway, body: bytes, kind: str = "application/json") -> httpx.Response:
    with gateway.browser() as browser:
        return browser.post("/chat/v1/messages", content=body, headers={"Content-Type": kind})


def assert_refused(response: httpx.Response, *statuses: int) -> Problem:
    assert response.status_code in statuses
    assert not any(word in response.text for word in INSIDE)
    problem = Problem.model_validate(response.json())
    assert problem.message
    return problem


@pytest.mark.parametrize(
    "text", ["", " ", " \t\n\r ", "\u00a0\u2003", "\x00", "\x00\x07\x1b\x7f", "\u200b\u200d\ufeff", "\ue000"]
)
def test_a_message_without_text_is_refused_in_a_sentence(gateway: Gateway, text: str) -> None:
    assert assert_refused(gateway.ask(text), 422).message == phrases.EMPTY


@pytest.mark.parametrize("text", ["x" * 100_000, "how do I restore? " * 6_000, "é" * 50_000])
def test_a_message_of_100_kb_is_refused_in_a_sentence(gateway: Gateway, text: str) -> None:
    assert assert_refused(gateway.ask(text), 413).message == REFUSALS[413][1]


def test_a_message_longer_than_a_question_is_refused_in_a_sentence(gateway: Gateway) -> None:
    assert assert_refused(gateway.ask("x" * (MAX_QUESTION_CHARS + 1)), 413).message == phrases.TOO_LONG
    assert gateway.ask("x" * MAX_QUESTION_CHARS).status_code == 200


def test_a_large_body_without_a_length_is_refused_too(gateway: Gateway) -> None:
    with gateway.browser() as browser:
        response = browser.post("/chat/v1/messages", content=(b"x" * 1_000 for _ in range(200)))
    assert_refused(response, 413)


@pytest.mark.parametrize("text", ["😀", "👍🏽👍🏽", "👨‍👩‍👧‍👦 ❤️", "🇮🇪", "?!", "...", "___", "€ $ %"])
def test_a_message_of_signs_only_gets_a_sentence_and_never_reaches_rasa(gateway: Gateway, text: str) -> None:
    before = len(gateway.rasa.heard)
    reply = ChatReply.model_validate(gateway.ask(text).json())
    assert (reply.text, reply.status) == (phrases.NO_WORDS, "answered")
    assert len(gateway.rasa.heard) == before


@pytest.mark.parametrize("between", ["\x00", "\x07", "\x1b[31m", "\u200b", "\u202e", "\r\n", "\ufeff"])
def test_control_characters_inside_a_question_are_blanks(gateway: Gateway, question: str, between: str) -> None:
    assert gateway.ask(f"{question}{between}today").status_code == 200
    heard = gateway.rasa.heard[-1]["message"]
    assert heard.startswith(f"{question} ") and heard.endswith("today")
    assert heard.isprintable()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b"text=hello", b'{"text": "hi"', b"\xff\xfe\x00", b"\x00", b"[" * 60_000]
)
def test_a_body_that_is_not_json_is_refused(gateway: Gateway, body: bytes) -> None:
    assert_refused(post_raw(gateway, body), 400, 422)


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "hello", 7, None, True, {"text": None}, {"text": 7}, {"text": ["a"]}, {"text": {"a": 1}},
        {"message": "hello"}, {"text": "hello", "sender": "web-someone"}, {"text": "hello", "metadata": {}},
        {"text": "hello", "key": "short"}, {"text": "hello", "key": "with blanks in"}, {"text": "hello", "button": 7},
        {"form": {"token": "x", "values": {}}}, {"form": {"token": "x"}}, {"form": []},
    ],
)  # fmt: skip
def test_a_wrong_type_or_field_is_refused_with_its_reason(gateway: Gateway, body: Any) -> None:
    assert_refused(post_raw(gateway, json.dumps(body).encode()), 422)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_refused(gateway: Gateway, kind: str) -> None:
    assert_refused(post_raw(gateway, b'{"text": "hello"}', kind), 422)


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "\\ude00\\ud83d"])
def test_half_a_character_is_a_blank(gateway: Gateway, question: str, half: str) -> None:
    assert_refused(post_raw(gateway, f'{{"text": "{half}"}}'.encode()), 422)
    reply = ChatReply.model_validate(post_raw(gateway, f'{{"text": "{question}{half} today"}}'.encode()).json())
    assert reply.status == "answered"
    assert gateway.rasa.heard[-1]["message"] == f"{question} today"


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("/restart", "restart"),
        ("/session_start", "session_start"),
        ('/inform{"slot":1}', 'inform{"slot":1}'),
        ("///restart", "restart"),
        (" / /restart", "restart"),
        ("\x00/restart", "restart"),
        ("\u200b/\u200b/restart", "restart"),
        ("\u00a0/restart", "restart"),
        ("\n/restart", "restart"),
    ],
)
def test_a_leading_slash_is_never_a_command(gateway: Gateway, text: str, heard: str) -> None:
    assert ChatReply.model_validate(gateway.ask(text).json()).status == "answered"
    assert gateway.rasa.heard[-1]["message"] == heard


@pytest.mark.parametrize(
    "path", ["/nowhere", "/widget/demo/../settings.py", "/chat/docs/%2e%2e/settings.py", "/webhooks/rest/webhook"]
)
def test_what_is_not_there_is_a_problem(gateway: Gateway, path: str) -> None:
    with gateway.browser() as browser:
        assert_refused(browser.get(path), 404)


def test_another_method_is_refused(gateway: Gateway) -> None:
    with gateway.browser() as browser:
        assert_refused(browser.get("/chat/v1/session"), 405)
        assert_refused(browser.put("/chat/v1/messages", json={"text": "hi"}), 405)


@given(text=st.one_of(st.text(max_size=120), st.text("/ \x00\u200b😀a1?{}\"'", max_size=30)))
def test_any_text_gets_a_sentence_or_a_reason(gateway: Gateway, text: str) -> None:
    response = gateway.ask(text)
    if response.status_code == 200:
        reply = ChatReply.model_validate(response.json())
        assert reply.text.strip() and reply.turn_id and reply.status == "answered"
    else:
        assert_refused(response, 413, 422)
    assert not any(body["message"].startswith("/") for body in gateway.rasa.heard)


@given(body=st.one_of(st.binary(max_size=60), st.text('{}[]":message,\\u00d8 1', max_size=60).map(str.encode)))
def test_any_body_gets_a_sentence_or_a_reason(gateway: Gateway, body: bytes) -> None:
    response = post_raw(gateway, body)
    if response.status_code == 200:
        assert ChatReply.model_validate(response.json()).text
    else:
        assert_refused(response, 400, 413, 422)
