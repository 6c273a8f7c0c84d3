"""Killed at every step of a turn, the gateway answers each question once when it runs again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.slack import FakeSlack
from tests.gateway.conftest import OPERATOR, SECRET, migrated
from tests.gateway.fake_rasa import FakeRasa
from tests.gateway_slack.conftest import Chat, answers, deliver_by_http, http_settings, installed_slack
from tests.gateway_slack.doomed import STEPS
from tests.town import free_ports

ROOT = Path(__file__).parents[2]
Run = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with installed_slack() as running:
        running.workspace.timing.retry_scale = 0.02  # 0, 1.2 and 6 s
        yield running


@pytest.fixture
def run(slack: FakeSlack, rasa: FakeRasa, tmp_path: Path) -> Iterator[Run]:
    """`run(step)`: a gateway process on the same port and database each time."""
    (port,) = free_ports(1)
    environment = os.environ | http_settings(slack, rasa, migrated(tmp_path)) | {
        "SESSION_SECRET": SECRET, "OPERATOR_TOKEN": OPERATOR, "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    running: list[subprocess.Popen[bytes]] = []

    def start(step: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.gateway_slack.doomed", step, str(port)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        running.append(process)
        slack.wait_for(lambda: listens(port), 30)
        deliver_by_http(slack, f"http://127.0.0.1:{port}")
        return process

    yield start
    for process in running:
        process.kill()
        process.wait(10)


def listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def watching(slack: FakeSlack, rasa: FakeRasa, tmp_path: Path) -> Iterator[Chat]:
    chat = Chat(slack, rasa, "", f"sqlite:///{tmp_path}/frontdesk.db")
    yield chat
    chat.close()


# Where a post is looked for differs: in a thread, or in a channel's history.
IN_THREADS = ("stored and not acknowledged", "posted")


@pytest.mark.parametrize(
    ("step", "in_thread"), [*((one, False) for one in STEPS), *((one, True) for one in IN_THREADS)]
)
def test_a_question_is_answered_once_wherever_the_gateway_was_killed(
    slack: FakeSlack, rasa: FakeRasa, run: Run, tmp_path: Path, question: str, step: str, in_thread: bool
) -> None:
    rasa.moods[question] = answers("Choose Versions.", question)
    with watching(slack, rasa, tmp_path) as chat:
        ann = chat.person()
        where = chat.channel(ann) if in_thread else slack.im(ann)
        first = run(step)
        slack.say(ann, where, slack.mention(question) if in_thread else question)
        assert first.wait(15) == -signal.SIGKILL
        run("")
        slack.wait_for(lambda: len(chat.said(where)) >= 1, 20)
        chat.settle(20)
        time.sleep(0.3)  # a second answer would come now
        assert len(chat.said(where)) == 1
        assert "Choose Versions." in slack.text_of(chat.said(where)[0])
        assert len({body["metadata"]["turn_id"] for body in rasa.heard_text(question)}) == 1


def test_each_of_several_questions_is_answered_once(
    slack: FakeSlack, rasa: FakeRasa, run: Run, tmp_path: Path, question: str
) -> None:
    with watching(slack, rasa, tmp_path) as chat:
        ann = chat.person()
        where = slack.im(ann)
        questions = [f"{question} part {number}" for number in range(4)]
        for number, text in enumerate(questions):
            rasa.moods[text] = answers(f"Answer {number}.", text)
        first = run("before Rasa is asked")
        for text in questions:
            slack.say(ann, where, text)
        assert first.wait(15) == -signal.SIGKILL
        run("")
        slack.wait_for(lambda: len(chat.said(where)) >= 4, 30)
        chat.settle(20)
        shown = [slack.text_of(one) for one in chat.said(where)]
        assert sorted(text.split(".")[0] for text in shown) == [f"Answer {number}" for number in range(4)]
