"""How often and how large: each address has its own allowance, and a refusal says so."""

import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from contracts.wire import Problem
from tests.edge.conftest import Edge, own_address

RATE = 20
BURST = 8
SECONDS = 5.0
STREAMS = 20
MAX_BODY = 64 * 1024
MAX_SLACK_BODY = 1024 * 1024


def ask_at(client: httpx.Client, path: str, per_second: float, seconds: float) -> list[int]:
    """Statuses of requests sent at an even pace; late ones are made up for."""
    began = time.monotonic()
    statuses: list[int] = []
    while (now := time.monotonic() - began) < seconds:
        time.sleep(max(0.0, len(statuses) / per_second - now))
        statuses.append(client.get(path).status_code)
    return statuses


def many(client: httpx.Client, path: str, number: int, method: str = "GET") -> list[int]:
    """Statuses of requests sent as fast as it goes."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: client.request(method, path).status_code, range(number)))


def test_one_address_gets_20_a_second_and_another_is_not_touched(edge: Edge) -> None:
    path, greedy, modest = "/chat/v1/session", edge.client(), edge.client()
    with greedy, modest, ThreadPoolExecutor(2) as pool:
        began = time.monotonic()
        taken = pool.submit(ask_at, greedy, path, 60, SECONDS)
        others = pool.submit(ask_at, modest, path, RATE * 0.9, SECONDS)
        rate = taken.result().count(200) / (time.monotonic() - began)
    assert RATE * 0.9 <= rate <= RATE * 1.1
    assert set(taken.result()) == {200, 429} and set(others.result()) == {200}


def test_a_page_may_ask_a_few_things_at_once(visitor: httpx.Client) -> None:
    assert many(visitor, "/chat/v1/session", BURST) == [200] * BURST


def test_what_is_too_fast_is_told_in_a_sentence_when_to_come_back(edge: Edge, visitor: httpx.Client) -> None:
    word = uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: visitor.post(f"/chat/v1/messages?{word}", json={}), range(40)))
    refused = [response for response in responses if response.status_code == 429]
    assert refused and len(edge.upstream.heard(word)) == len(responses) - len(refused)
    assert (refused[0].headers["Retry-After"], refused[0].headers["Content-Type"]) == ("1", "application/json")
    problem = Problem.model_validate(refused[0].json())
    assert (problem.code, problem.turn_id, problem.message[-1]) == ("too_many", None, ".")
    assert set(refused[0].json()) == {"code", "message", "turn_id"}


def test_a_script_of_another_origin_can_read_a_refusal(visitor: httpx.Client) -> None:
    origin = "https://shop.example"
    response = visitor.get("/chat/../metrics", headers={"Origin": origin})
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert response.headers["Access-Control-Expose-Headers"] == "Retry-After"
    passed = visitor.get("/chat/v1/session?status=403", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in passed.headers  # that one is for the gateway to say


def test_addresses_of_one_ipv6_network_share_an_allowance(edge: Edge) -> None:
    def ask(client: httpx.Client, asker: str) -> int:
        return client.get("/chat/v1/session", headers={"X-Forwarded-For": asker}).status_code

    with edge.client(own_address("127.99")) as proxy:  # one that is believed
        same = [ask(proxy, f"2001:db8:5:6:{number:x}::{number:x}") for number in range(30)]
        other = [ask(proxy, f"2001:db8:5:{number:x}::1") for number in range(0x100, 0x11E)]
        mapped = [ask(proxy, f"::ffff:192.0.2.{number}") for number in range(30)]
    assert same.count(429) >= 10
    assert set(other) == set(mapped) == {200}


def test_slack_and_the_widget_have_allowances_of_their_own(visitor: httpx.Client) -> None:
    assert 429 in many(visitor, "/chat/v1/session", 40)
    assert set(many(visitor, "/slack/events", 200, "POST")) == {200}
    assert set(many(visitor, "/widget/frontdesk-chat.js", 150)) == {200}


def test_even_slack_is_limited(visitor: httpx.Client) -> None:
    ends = time.monotonic() + 5
    while 429 not in many(visitor, "/slack/events", 100, "POST"):
        assert time.monotonic() < ends


def test_one_address_may_hold_20_event_streams(edge: Edge) -> None:
    address = own_address()
    opened: list[socket.socket] = []
    try:
        for _ in range(STREAMS):
            time.sleep(1 / RATE)
            opened.append(edge.connect(address))
            opened[-1].sendall(b"GET /chat/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert opened[-1].recv(12) == b"HTTP/1.1 200"
        with edge.client(address) as more, edge.client() as other:
            response = more.get("/chat/v1/events")
            assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (
                429,
                "too_many",
                "1",
            )
            with other.stream("GET", "/chat/v1/events") as stream:
                assert stream.status_code == 200
    finally:
        for connection in opened:
            connection.close()


def test_one_address_may_have_100_requests_under_way(edge: Edge) -> None:
    address = own_address()
    connections = [edge.connect(address) for _ in range(101)]
    for connection in connections:
        connection.sendall(b"GET /widget/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
    (refused,), _, _ = select.select(connections, [], [], 5)
    assert refused.recv(12) == b"HTTP/1.1 429"
    assert select.select([other for other in connections if other is not refused], [], [], 0.1)[0] == []
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 200), (MAX_BODY + 1, 413)])
def test_a_body_may_have_64_kib(edge: Edge, size: int, status: int) -> None:
    word = uuid4().hex
    head = f"POST /chat/v1/{word} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    reply = edge.raw(head.encode() + b"x" * size)
    assert int(reply.split()[1]) == status
    assert [len(heard.body) for heard in edge.upstream.heard(word)] == ([size] if status == 200 else [])
    assert status == 200 or b'"code":"too_large"' in reply
    assert f'"method":"POST","path":"/chat/v1/{word}","status":"{status}"' in edge.logged(word)


@pytest.mark.parametrize(("size", "status"), [(250_000, 200), (MAX_SLACK_BODY, 200), (MAX_SLACK_BODY + 1, 413)])
def test_a_body_from_slack_may_have_1_mib(edge: Edge, visitor: httpx.Client, size: int, status: int) -> None:
    word = uuid4().hex
    assert visitor.post(f"/slack/events?{word}", content=b"x" * size).status_code == status
    assert [len(heard.body) for heard in edge.upstream.heard(word)] == ([size] if status == 200 else [])


def test_a_body_of_untold_size_may_have_64_kib(edge: Edge, visitor: httpx.Client) -> None:
    word = uuid4().hex
    passed = visitor.post(f"/chat/v1/messages?{word}", content=iter([b"x" * 4_096] * 16))
    refused = visitor.post(f"/chat/v1/messages?{word}", content=iter([b"x" * 4_096] * 17))
    assert (passed.status_code, refused.status_code, refused.json()["code"]) == (200, 413, "too_large")
    assert [len(heard.body) for heard in edge.upstream.heard(word)] == [MAX_BODY]


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [(0, 7_000, 200), (0, 9_000, 431), (7_000, 0, 200), (9_000, 0, 414)],
)
def test_headers_and_addresses_may_have_8_kib(visitor: httpx.Client, path: int, header: int, status: int) -> None:
    response = visitor.get(f"/chat/v1/session?{'y' * path}", headers={"Cookie": f"a={'x' * header}"})
    assert response.status_code == status
    assert response.json()["code"] == ("of_the_gateway" if status == 200 else "too_large")


def test_all_headers_together_may_have_32_kib(visitor: httpx.Client) -> None:
    few, many = ({f"X-{number}": "x" * 6_000 for number in range(count)} for count in (3, 6))
    assert visitor.get("/chat/v1/session", headers=few).status_code == 200
    assert visitor.get("/chat/v1/session", headers=many).status_code == 431
