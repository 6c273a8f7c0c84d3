"""Only what Slack has signed, just now, for our workspace, is heard; and no secret is told."""

import json
import logging
import re
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from contracts.tables import now
from gateway.outbox import KEPT
from tests.fakes.slack import broken_json, http
from tests.fakes.slack.signing import signed_headers
from tests.gateway_slack.conftest import MESSAGES, OUTBOX, Chat, StartChat, answers

ROUTES = ("events", "interactivity", "commands")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def body_for(route: str, chat: Chat, text: str) -> tuple[str, str]:
    """A body as Slack would send it, and its kind."""
    team, user, channel = chat.slack.workspace.team_id, chat.person().id, "D0FORGED"
    if route == "events":
        event = {"type": "message", "channel_type": "im", "channel": channel, "user": user, "text": text, "ts": "1.1"}
        return json.dumps(
            {"type": "event_callback", "team_id": team, "event_id": "Ev1", "event": event}
        ), "application/json"
    if route == "commands":
        given = {"command": "/frontdesk", "text": text, "team_id": team, "user_id": user, "trigger_id": "1.2.3"}
        return urlencode({**given, "channel_id": channel, "response_url": "http://127.0.0.1:9/"}), FORM
    action = {"action_id": "ask_person", "value": "t-1", "action_ts": "1.1", "type": "button", "block_id": "b"}
    payload = {
        "type": "block_actions", "team": {"id": team}, "user": {"id": user, "team_id": team}, "actions": [action],
        "channel": {"id": channel}, "container": {"type": "message", "message_ts": "1.1"}, "trigger_id": "1.2.3",
        "message": {"ts": "1.1"}, "response_url": "http://127.0.0.1:9/",
    }  # fmt: skip
    return urlencode({"payload": json.dumps(payload)}), FORM


def post(chat: Chat, route: str, body: str, kind: str, **headers: str) -> httpx.Response:
    given = {"Content-Type": kind, **headers}
    return httpx.post(f"{chat.address}/slack/{route}", content=body, headers=given, trust_env=False, timeout=10)


def signed(chat: Chat, body: str, age: float = 0.0, secret: str | None = None) -> dict[str, str]:
    return signed_headers(secret or chat.slack.signing_secret, int(time.time() - age), body.encode())


def stored(chat: Chat, text: str) -> list[Any]:
    return chat.rows(select(MESSAGES).where(MESSAGES.c.text.contains(text)))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("how", ["unsigned", "another secret", "old", "from the future", "tampered", "half", "no time"])
def test_what_slack_has_not_signed_just_now_is_refused(chat: Chat, question: str, route: str, how: str) -> None:
    body, kind = body_for(route, chat, question)
    headers = {
        "unsigned": {},
        "another secret": signed(chat, body, secret="another-secret"),
        "old": signed(chat, body, age=400),
        "from the future": signed(chat, body, age=-400),
        "tampered": signed(chat, body + " "),
        "half": {name: value[:20] for name, value in signed(chat, body).items()},
        "no time": {name: value for name, value in signed(chat, body).items() if "Signature" in name},
    }[how]
    assert post(chat, route, body, kind, **headers).status_code == 401
    assert chat.heard(question) == [] and stored(chat, question) == []


@pytest.mark.parametrize("route", ROUTES)
def test_another_workspace_is_refused(chat: Chat, question: str, route: str) -> None:
    body, kind = body_for(route, chat, question)
    body = body.replace(chat.slack.workspace.team_id, "T0STRANGER")
    assert post(chat, route, body, kind, **signed(chat, body)).status_code == 403
    assert chat.heard(question) == [] and stored(chat, question) == []


def test_a_signed_event_that_is_played_again_is_answered_once(chat: Chat, question: str) -> None:
    ann = chat.person()
    body, kind = body_for("events", chat, question)
    body = body.replace("D0FORGED", chat.slack.im(ann).id)
    headers = signed(chat, body)
    assert {post(chat, "events", body, kind, **headers).status_code for _ in range(3)} == {200}
    chat.settle()
    assert len(chat.heard(question)) == 1


def test_a_signed_press_that_is_played_again_counts_once(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.rasa_does(question, answers("Choose Versions.", question, buttons=("Windows", "Mac")))
    answer = chat.asks(ann, chat.slack.im(ann), question)
    press = chat.slack.click(ann, answer, "choose_1").wait().deliveries[0]
    body = urlencode({"payload": json.dumps(press.payload)})
    for _ in range(3):
        post(chat, "interactivity", body, FORM, **signed(chat, body))
    chat.settle()
    assert len(chat.heard("/chosen{'Mac'}")) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [("", JSON), ("{", JSON), ("null", JSON), ("[]", JSON), ("payload=", FORM), ("payload=%7B", FORM),
     ("payload=null", FORM), ("a=b", FORM), ("\x00", FORM), ("x", "text/plain")],
)  # fmt: skip
@pytest.mark.parametrize("route", ROUTES)
def test_a_signed_body_that_is_nonsense_breaks_nothing(chat: Chat, route: str, body: str, kind: str) -> None:
    assert post(chat, route, body, kind, **signed(chat, body)).status_code < 500


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_that_is_far_too_large_is_refused(chat: Chat, route: str) -> None:
    body = "x" * (1024 * 1024 + 1)
    assert post(chat, route, body, FORM, **signed(chat, body)).status_code == 413


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(chat: Chat, method: str) -> None:
    assert httpx.request(method, f"{chat.address}/slack/events", trust_env=False).status_code == 405


def test_the_handshake_needs_a_signature(chat: Chat) -> None:
    sent = chat.slack.verify_url("a-challenge").wait()
    assert "a-challenge" in sent.deliveries[0].attempts[-1].body
    body = json.dumps({"type": "url_verification", "challenge": "a-challenge", "token": "x"})
    assert post(chat, "events", body, "application/json").status_code == 401


def test_no_secret_is_told(start_chat: StartChat, question: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chat = start_chat()
    ann = chat.person()
    for fault in (http(500), broken_json(), "invalid_auth"):
        chat.slack.fail("chat.postMessage", with_=fault)
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    body, kind = body_for("events", chat, question)
    post(chat, "events", body, kind, **signed(chat, body, secret="another-secret"))
    chat.slack.wait_for(lambda: [row for row in chat.rows(select(OUTBOX)) if row.attempts > 1], 15)
    told = caplog.text + "".join(
        httpx.get(f"{chat.address}{path}", trust_env=False).text
        for path in ("/metrics", "/health", "/chat/openapi.json")
    )
    for secret in (chat.slack.bot_token, chat.slack.signing_secret, chat.slack.app_token):
        assert secret not in told
        assert secret not in str([row.payload for row in chat.rows(select(OUTBOX))])
    assert not re.search(r"xox[bap]-|xapp-", told)
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert said and not [line for line in said if question in line]


def test_nothing_that_somebody_posts_is_fetched(chat: Chat, question: str) -> None:
    ann = chat.person()
    link = f"{question} <http://169.254.169.254/latest/meta-data|look> ```http://127.0.0.1:9/```"
    chat.asks(ann, chat.slack.im(ann), link)
    methods = {call.method for call in chat.slack.calls()}
    assert not {method for method in methods if "files" in method or "response_url" in method}


def test_what_was_sent_is_kept_without_its_words_and_forgotten_after_a_quarter(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.asks(ann, chat.slack.im(ann), question)
    chat.settle()
    sent = [row for row in chat.rows(select(OUTBOX)) if row.state == "sent"]
    assert {row.payload for row in sent} == {None}
    assert KEPT.days == 90 and all(row.created_at > now() - KEPT for row in sent)
