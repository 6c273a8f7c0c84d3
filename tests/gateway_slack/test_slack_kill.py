"""Killed at every step of a turn, the gateway answers each question once when it runs again."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.fakes.slack import FakeSlack
from tests.gateway.conftest import OPERATOR, SECRET, migrated
from tests.gateway.fake_rasa import FakeRasa, Mood, RestChannel
from tests.gateway_slack import doomed
from tests.gateway_slack.conftest import Chat, answers, deliver_by_http, http_settings, installed_slack
from tests.town import free_ports

Run = Callable[[str], BaseProcess]


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with installed_slack() as running:
        timing = running.workspace.timing
        timing.retry_scale, timing.retry_after = 1.0, (0.0, *[0.5] * 20)  # until the gateway runs again
        yield running


@pytest.fixture
def run(slack: FakeSlack, rasa: FakeRasa, tmp_path: Path) -> Iterator[Run]:
    """`run(step)`: a gateway process on the same port and database each time."""
    (port,) = free_ports(1)
    environment = http_settings(slack, rasa, migrated(tmp_path)) | {
        "SESSION_SECRET": SECRET,
        "OPERATOR_TOKEN": OPERATOR,
    }
    running: list[BaseProcess] = []

    def start(step: str) -> BaseProcess:
        running.append(doomed.start(step, port, environment))
        slack.wait_for(lambda: doomed.listens(port), 30)
        deliver_by_http(slack, f"http://127.0.0.1:{port}")
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.join(10)


def assert_killed(process: BaseProcess) -> None:
    process.join(15)
    assert process.exitcode == -signal.SIGKILL


def when(happened: threading.Event, then: Mood) -> Mood:
    def mood(channel: RestChannel) -> None:
        happened.wait(10)
        then(channel)

    return mood


@contextmanager
def watching(slack: FakeSlack, rasa: FakeRasa, tmp_path: Path) -> Iterator[Chat]:
    chat = Chat(slack, rasa, "", f"sqlite:///{tmp_path}/frontdesk.db")
    yield chat
    chat.close()


IN_ORDER = ("Rasa has answered", "before it is posted", "posted")
# Where a post is looked for differs: in a thread, or in a channel's history.
IN_THREADS = ("stored and not acknowledged", "posted")
ALONE = [*((one, False) for one in doomed.STEPS if one not in IN_ORDER), *((one, True) for one in IN_THREADS)]


@pytest.mark.parametrize(("step", "in_thread"), ALONE)
def test_a_question_is_answered_once_wherever_the_gateway_was_killed(
    slack: FakeSlack, rasa: FakeRasa, run: Run, tmp_path: Path, question: str, step: str, in_thread: bool
) -> None:
    rasa.moods[question] = answers("Choose Versions.", question)
    with watching(slack, rasa, tmp_path) as chat:
        ann = chat.person()
        where = chat.channel(ann) if in_thread else slack.im(ann)
        first = run(step)
        slack.say(ann, where, slack.mention(question) if in_thread else question)
        assert_killed(first)
        run("")
        slack.wait_for(lambda: len(chat.said(where)) >= 1, 20)
        chat.settle(20)
        time.sleep(0.3)  # a second answer would come now
        assert len(chat.said(where)) == 1
        assert "Choose Versions." in slack.text_of(chat.said(where)[0])
        assert len({body["metadata"]["turn_id"] for body in rasa.heard_text(question)}) == 1


@pytest.mark.parametrize("step", IN_ORDER)
def test_the_questions_of_one_conversation_are_answered_in_their_order(
    slack: FakeSlack, rasa: FakeRasa, run: Run, tmp_path: Path, question: str, step: str
) -> None:
    all_asked = threading.Event()
    questions = [f"{question} part {number}?" for number in range(4)]
    for number, text in enumerate(questions):
        rasa.moods[text] = when(all_asked, answers(f"Answer {number}.", text))
    with watching(slack, rasa, tmp_path) as chat:
        ann = chat.person()
        first = run(step)
        for text in questions:
            slack.say(ann, slack.im(ann), text).wait()
        all_asked.set()
        assert_killed(first)
        run("")
        chat.settle(30)
        shown = [text.partition(".")[0] for text in chat.shown(slack.im(ann))]
        assert shown == [f"Answer {number}" for number in range(4)]
