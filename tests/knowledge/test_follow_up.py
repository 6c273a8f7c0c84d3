"""Joining a follow-up to the question before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.follow_up import join_follow_up


@pytest.mark.parametrize(
    ("previous", "question", "joined"),
    [
        (None, "where are the logs?", "where are the logs?"),
        ("", "where are the logs?", "where are the logs?"),
        ("where are the logs on Windows?", "and on Linux?", "where are the logs on and on Linux?"),
        ("what does Solo cost?", "and for a family?", "what does cost? and for a family?"),
        ("how do I restore a file?", "and a folder?", "how do I restore a file? and a folder?"),
        ("Windows?", "and on Linux?", "and on Linux?"),
    ],
)
def test_a_follow_up_takes_over_what_it_does_not_replace(previous: str | None, question: str, joined: str) -> None:
    assert join_follow_up(question, previous) == joined


@given(st.text(min_size=1, max_size=80), st.text(max_size=80))
def test_the_follow_up_itself_is_always_kept(question: str, previous: str) -> None:
    assert join_follow_up(question, previous).endswith(question)
