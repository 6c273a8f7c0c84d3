"""Who is slow: clients are cut off after 10 s, the gateway gets 15 s, longer than its own deadline."""

import pytest

from contracts.wire import Problem
from tests.edge.conftest import Edge
from tests.edge.slow import GATEWAY_SECONDS, TURN_SECONDS, Slow

CLIENT_SECONDS = 10


@pytest.mark.parametrize("kind", ["no head", "dripping head", "no body"])
def test_a_client_that_dawdles_is_cut_off(slow: Slow, kind: str) -> None:
    seconds, reply = slow[kind].result()
    assert CLIENT_SECONDS - 1 < seconds < CLIENT_SECONDS + 3
    assert reply == b"" or reply.startswith(b"HTTP/1.1 408")


def test_a_dawdling_client_never_reached_the_gateway(edge: Edge, slow: Slow) -> None:
    slow["no body"].result()
    assert [heard for heard in edge.upstream.requests if heard.body.startswith(b"half")] == []


def test_a_reply_just_after_the_deadline_of_a_turn_still_arrives(slow: Slow) -> None:
    assert GATEWAY_SECONDS > TURN_SECONDS + 1
    assert slow["within the deadline"].result()[1].startswith(b"200 ")


def test_a_call_that_waits_for_earlier_turns_may_take_longer(slow: Slow) -> None:
    assert slow["in line"].result()[1].startswith(b"200 ")


def test_a_gateway_that_hangs_is_told_in_a_sentence(slow: Slow) -> None:
    seconds, reply = slow["after the deadline"].result()
    status, _, body = reply.partition(b" ")
    assert (status, Problem.model_validate_json(body).code) == (b"504", "deadline_passed")
    assert GATEWAY_SECONDS - 1 < seconds < GATEWAY_SECONDS + 2
