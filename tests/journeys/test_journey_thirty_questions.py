"""Thirty questions of the development half through the public door, each process killed once on the way."""

import sqlite3

import pytest

from pipeline.questions import DEVELOPMENT, load_questions
from tests.journeys.conftest import NAMES, Town, ask

pytestmark = pytest.mark.timeout(600)
QUESTIONS = 30


def test_thirty_questions_each_get_a_sentence_while_every_process_is_killed_once(town: Town) -> None:
    questions = [q.question for q in load_questions(DEVELOPMENT) if q.previous is None][:QUESTIONS]
    victims = dict(zip(range(4, QUESTIONS, 5), NAMES[::-1], strict=False))
    replies = []
    with town.visitor() as visitor:
        for number, question in enumerate(questions):
            if number in victims:
                town.kill(victims[number])
                if victims[number] == "gateway":  # nobody can answer before the door is open again
                    town.wait_ready()
            replies.append(ask(visitor, question))
            town.wait_ready()
    assert len(replies) == QUESTIONS
    assert all(reply.text.strip() and reply.turn_id for reply in replies)
    assert len({reply.turn_id for reply in replies}) == QUESTIONS
    calm = [reply for number, reply in enumerate(replies) if number not in victims]
    assert all(reply.status == "answered" for reply in calm)


def test_every_reply_was_stored_with_its_evidence(town: Town) -> None:
    with town.visitor() as visitor:
        reply = ask(visitor, "how do i put a password on a share link")
    with sqlite3.connect(town.var / "frontdesk.db") as database:
        row = database.execute("SELECT text, evidence FROM answers WHERE turn_id = ?", (reply.turn_id,)).fetchone()
    assert row[0] == reply.text
    assert reply.evidence is not None
    assert reply.evidence.index_version in row[1]


def test_the_processes_are_bound_to_loopback_only(town: Town) -> None:
    import psutil

    ours = set(town.ports.values())
    addresses = {c.laddr.ip for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port in ours}
    assert addresses == {"127.0.0.1"}
