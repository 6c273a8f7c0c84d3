"""Socket Mode: the gateway opens the connection, so that no address of ours need be reachable."""

from pathlib import Path

import httpx
import pytest

from gateway.slack import phrases, service
from tests.gateway.conftest import migrated
from tests.gateway.fake_rasa import FakeRasa, gives
from tests.gateway_slack.conftest import Chat, answers, installed_slack, modal_of, running_chat, socket_settings


def test_a_direct_message_is_answered(chat_by_socket: Chat, question: str) -> None:
    ann = chat_by_socket.person()
    reply = chat_by_socket.asks(ann, chat_by_socket.slack.im(ann), question)
    assert "Choose Versions" in reply["text"]


def test_a_mention_is_answered_once(chat_by_socket: Chat, question: str) -> None:
    ann = chat_by_socket.person()
    channel = chat_by_socket.channel(ann)
    chat_by_socket.mentions(ann, channel, question)
    chat_by_socket.settle()
    assert len(chat_by_socket.said(channel)) == 1 == len(chat_by_socket.heard(question))


def test_every_envelope_is_acknowledged(chat_by_socket: Chat, question: str) -> None:
    ann = chat_by_socket.person()
    chat_by_socket.asks(ann, chat_by_socket.slack.im(ann), question)
    chat_by_socket.settle()
    assert all(envelope.acked for envelope in chat_by_socket.slack.sockets.envelopes)


def test_a_button_works(chat_by_socket: Chat, question: str) -> None:
    ann = chat_by_socket.person()
    offered = [{"title": "Yes", "payload": f"/yes {question}"}]
    chat_by_socket.rasa_does(question, gives([{"text": "Sure?", "buttons": offered}]))
    reply = chat_by_socket.asks(ann, chat_by_socket.slack.im(ann), question)
    chat_by_socket.slack.click(ann, reply, "choose_0").wait()
    chat_by_socket.settle()
    assert len(chat_by_socket.heard(f"/yes {question}")) == 1


def test_a_window_opens_and_its_reason_is_taken(chat_by_socket: Chat, question: str) -> None:
    ann = chat_by_socket.person()
    chat_by_socket.rasa_does(question, answers("Choose Versions."))
    reply = chat_by_socket.asks(ann, chat_by_socket.slack.im(ann), question)
    window = modal_of(chat_by_socket, ann, lambda: chat_by_socket.slack.click(ann, reply, "rate_down"))
    assert chat_by_socket.slack.submit(ann, window, {"reason": "wrong"}).wait().ok
    assert chat_by_socket.slack.modal(ann) is None


def test_the_command_is_answered(chat_by_socket: Chat) -> None:
    ann = chat_by_socket.person()
    chat_by_socket.slack.command(ann, chat_by_socket.channel(ann), "/frontdesk", "help").wait()
    assert chat_by_socket.told(ann) == [phrases.HELP]


def test_without_a_signing_secret_nothing_comes_in_by_http(chat_by_socket: Chat) -> None:
    assert httpx.post(f"{chat_by_socket.address}/slack/events", json={}, trust_env=False).status_code == 404


def test_slack_may_ask_for_a_new_socket(chat_by_socket: Chat, question: str) -> None:
    ann, slack = chat_by_socket.person(), chat_by_socket.slack
    before = list(slack.sockets.connections)
    slack.refresh_sockets()
    slack.wait_for(lambda: slack.sockets.connections and not set(before) & set(slack.sockets.connections), 15)
    assert chat_by_socket.asks(ann, slack.im(ann), question)


def test_a_socket_that_can_not_be_opened_at_first_is_tried_again(
    rasa: FakeRasa, tmp_path: Path, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PING_SECONDS", 0.3)
    with installed_slack() as slack:
        slack.fail("apps.connections.open", times=1, with_=503)
        with running_chat(slack, rasa, **socket_settings(slack, rasa, migrated(tmp_path))) as chat:
            ann = chat.person()
            assert chat.asks(ann, slack.im(ann), question)
            assert len(slack.sockets.connections) == 1
