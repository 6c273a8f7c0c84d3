"""Event streams pass as they come."""

import time

import httpx

from tests.edge.conftest import Edge

SOON = 0.5


def wait_for(condition: object) -> None:
    ends = time.monotonic() + 5
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_each_event_arrives_at_once_and_uncompressed(edge: Edge, visitor: httpx.Client) -> None:
    with visitor.stream("GET", "/chat/v1/events", headers={"Accept-Encoding": "gzip"}) as response:
        assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream")
        assert "Content-Encoding" not in response.headers
        lines = response.iter_lines()
        assert next(lines) == "data: hello" and next(lines) == ""
        for event in ("one", "two"):
            began = time.monotonic()
            edge.upstream.send(event)
            assert next(lines) == f"data: {event}" and next(lines) == ""
            assert time.monotonic() - began < SOON


def test_what_was_seen_last_and_who_listens_are_passed_on(edge: Edge, visitor: httpx.Client) -> None:
    headers = {"Last-Event-ID": "41", "Authorization": "Bearer own", "Cookie": "a=b"}
    with visitor.stream("GET", "/chat/v1/events?after=what-was-seen", headers=headers):
        (heard,) = edge.upstream.heard("what-was-seen")
    assert [heard.all(name) for name in headers] == [["41"], ["Bearer own"], ["a=b"]]


def test_a_stream_that_the_gateway_ends_ends(edge: Edge, visitor: httpx.Client) -> None:
    with visitor.stream("GET", "/chat/v1/events") as response:
        lines = response.iter_lines()
        next(lines)
        edge.upstream.end_streams()
        assert list(lines) == [""]
