"""Only what Slack has signed, just now, for our workspace, is heard; and no secret is told."""

import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from contracts.tables import Base, RatingRow
from tests.fakes.slack import FakeSlack, broken_json
from tests.fakes.slack.signing import signed_headers
from tests.gateway_slack.conftest import MESSAGES, OUTBOX, Chat, StartChat, answers

RATINGS = Base.metadata.tables[RatingRow.__tablename__]
ROUTES = ("events", "interactivity", "commands")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def body_for(
    route: str, chat: Chat, text: str, user: str = "", channel: str = "D0FORGED", url: str = "http://127.0.0.1:9/"
) -> tuple[str, str]:
    """A body as Slack would send it, and its kind. `url`: where it names an address."""
    team, user = chat.slack.workspace.team_id, user or chat.person().id
    if route == "events":
        event = {
            "type": "message", "channel_type": "im", "channel": channel, "user": user, "text": text, "ts": "1.1",
            "subtype": "file_share", "files": [{"id": "F1", "url_private": url, "url_private_download": url}],
        }  # fmt: skip
        return json.dumps({"type": "event_callback", "team_id": team, "event_id": "Ev1", "event": event}), JSON
    if route == "commands":
        given = {"command": "/frontdesk", "text": text, "team_id": team, "user_id": user, "trigger_id": "1.2.3"}
        return urlencode({**given, "channel_id": channel, "response_url": url}), FORM
    action = {"action_id": "ask_person", "value": "t-1", "action_ts": "1.1", "type": "button", "block_id": "b"}
    payload = {
        "type": "block_actions", "team": {"id": team}, "user": {"id": user, "team_id": team}, "actions": [action],
        "channel": {"id": channel}, "container": {"type": "message", "message_ts": "1.1"}, "trigger_id": "1.2.3",
        "message": {"ts": "1.1"}, "response_url": url,
    }  # fmt: skip
    return urlencode({"payload": json.dumps(payload)}), FORM


def post(chat: Chat, route: str, body: str | bytes, kind: str, **headers: str) -> httpx.Response:
    given = {"Content-Type": kind, **headers}
    return httpx.post(f"{chat.address}/slack/{route}", content=body, headers=given, trust_env=False, timeout=10)


def signed(chat: Chat, body: str | bytes, age: float = 0.0, secret: str | None = None) -> dict[str, str]:
    raw = body.encode() if isinstance(body, str) else body
    return signed_headers(secret or chat.slack.signing_secret, int(time.time() - age), raw)


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


@pytest.mark.parametrize("route", ROUTES)
def test_what_is_played_again_byte_for_byte_counts_once(chat: Chat, question: str, route: str) -> None:
    ann = chat.person()
    where = chat.slack.im(ann)
    body, kind = body_for(route, chat, question, ann.id, where.id)
    headers = signed(chat, body)
    before = len(chat.rasa.heard)
    assert {post(chat, route, body, kind, **headers).status_code for _ in range(3)} == {200}
    chat.settle()
    assert len(chat.rasa.heard) == before + 1
    assert len([text for text in chat.shown(where) if not text.startswith("You asked")]) == 1


@pytest.mark.parametrize(("button", "said"), [("choose_1", "/chosen{'Mac'}"), ("rate_up", ""), ("ask_person", "")])
def test_a_press_that_is_played_again_counts_once(chat: Chat, question: str, button: str, said: str) -> None:
    ann = chat.person()
    where = chat.slack.im(ann)
    chat.rasa_does(question, answers("Choose Versions.", question, buttons=("Windows", "Mac")))
    answer = chat.asks(ann, where, question)
    before = len(chat.heard(said))
    press = chat.slack.click(ann, answer, button).wait().deliveries[0]
    chat.settle()
    told = (len(chat.said(where)), chat.told(ann))
    body = urlencode({"payload": json.dumps(press.payload)})
    for _ in range(3):
        assert post(chat, "interactivity", body, FORM, **signed(chat, body)).status_code == 200
    chat.settle()
    assert (len(chat.said(where)), chat.told(ann)) == told
    assert len(chat.heard(said)) - before == bool(said)
    turn = str(answer["blocks"][-1]["elements"][0]["value"])
    assert len(chat.rows(select(RATINGS).where(RATINGS.c.turn_id == turn))) == (button == "rate_up")


@pytest.mark.parametrize(
    ("body", "kind"),
    [("", JSON), ("{", JSON), ("null", JSON), ("[]", JSON), ("payload=", FORM), ("payload=%7B", FORM),
     ("payload=null", FORM), ("a=b", FORM), ("\x00", FORM), (b"\xff\xfe", FORM), (b"\xff", JSON), ("x", "text/plain")],
)  # fmt: skip
@pytest.mark.parametrize("route", ROUTES)
def test_a_signed_body_that_is_nonsense_breaks_nothing(chat: Chat, route: str, body: str | bytes, kind: str) -> None:
    response = post(chat, route, body, kind, **signed(chat, body))
    assert response.status_code < 500 and "Traceback" not in response.text


@pytest.mark.parametrize("route", ["interactivity", "commands"])
def test_a_form_that_says_it_is_json_is_not_obeyed(chat: Chat, question: str, route: str) -> None:
    body, _ = body_for(route, chat, question)
    assert post(chat, route, body, JSON, **signed(chat, body)).status_code < 500
    assert chat.heard(question) == [] and stored(chat, question) == []


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_that_is_far_too_large_is_refused(chat: Chat, route: str) -> None:
    body = "x" * (1024 * 1024 + 1)
    assert post(chat, route, body, FORM, **signed(chat, body)).status_code == 413


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(chat: Chat, route: str, method: str) -> None:
    assert httpx.request(method, f"{chat.address}/slack/{route}", trust_env=False).status_code == 405


def test_the_handshake_needs_a_signature(chat: Chat) -> None:
    sent = chat.slack.verify_url("a-challenge").wait()
    assert "a-challenge" in sent.deliveries[0].attempts[-1].body
    body = json.dumps({"type": "url_verification", "challenge": "a-challenge", "token": "x"})
    assert post(chat, "events", body, "application/json").status_code == 401


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket"])
def test_no_secret_is_told(
    start_chat: StartChat, question: str, caplog: pytest.LogCaptureFixture, socket_mode: bool
) -> None:
    caplog.set_level(logging.DEBUG)

    def begin(slack: FakeSlack) -> dict[str, str]:
        slack.fail("auth.test", with_="invalid_auth")
        return {"SLACK_APP_TOKEN": slack.app_token} if socket_mode else {}

    chat = start_chat(begin)
    ann = chat.person()
    for fault in (broken_json(), "invalid_auth"):
        chat.slack.fail("chat.postMessage", with_=fault)
    chat.slack.say(ann, chat.slack.im(ann), question).wait()
    body, kind = body_for("events", chat, question)
    refused = post(chat, "events", body, kind, **signed(chat, body, secret="another-secret"))
    chat.slack.wait_for(lambda: [row for row in chat.rows(select(OUTBOX)) if row.error == "invalid_auth"], 15)
    bob = chat.person("bob")
    chat.asks(bob, chat.slack.im(bob), f"bob: {question}")
    pages = ("/metrics", "/health", "/chat/openapi.json")
    told = caplog.text + refused.text + str([row.payload for row in chat.rows(select(OUTBOX))])
    told += "".join(httpx.get(f"{chat.address}{path}", trust_env=False).text for path in pages)
    assert "frontdesk_outbox_put_off_total" in told and "slack: not connected" in told
    for secret in (chat.slack.bot_token, chat.slack.signing_secret, chat.slack.app_token):
        assert secret not in told
    assert not re.search(r"xox[bap]-|xapp-", told)


def test_no_question_is_in_the_log(start_chat: StartChat, question: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chat = start_chat()
    ann = chat.person()
    chat.slack.fail("chat.postMessage", with_="invalid_blocks")
    chat.asks(ann, chat.slack.im(ann), question)
    assert question not in caplog.text


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """An address that a request names, where nobody should ever come."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.mark.parametrize("route", ROUTES)
def test_no_address_that_a_request_names_is_visited(
    chat: Chat, question: str, stranger: socket.socket, route: str
) -> None:
    ann = chat.person()
    url = f"http://127.0.0.1:{stranger.getsockname()[1]}/"
    text = f"{question} <{url}|look> ![x]({url})"
    body, kind = body_for(route, chat, text, ann.id, chat.slack.im(ann).id, url)
    assert post(chat, route, body, kind, **signed(chat, body)).status_code == 200
    chat.settle()
    assert chat.said(chat.slack.im(ann))
    with pytest.raises(BlockingIOError):
        stranger.accept()


def test_what_was_sent_is_kept_without_its_words(chat: Chat, question: str) -> None:
    ann = chat.person()
    chat.asks(ann, chat.slack.im(ann), question)
    chat.settle()
    assert {row.payload for row in chat.rows(select(OUTBOX)) if row.state == "sent"} == {None}
