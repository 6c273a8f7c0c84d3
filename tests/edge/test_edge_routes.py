"""What passes: three folders, written plainly, by the methods they know. Nothing else reaches the gateway."""

from uuid import uuid4

import httpx
import pytest

from contracts.wire import Problem
from tests.edge.conftest import Edge, StartEdge

FORBIDDEN = (
    "/", "/chat", "/widget", "/slack", "/metrics", "/health", "/model", "/model/parse", "/conversations",
    "/conversations/x/tracker", "/webhooks/rest/webhook", "/webhook", "/operator", "/operator/v1/conversations",
    "/docs", "/openapi.json", "/chatx/", "/CHAT/v1/session", "/status", "/version", "/reload", "/search",
    "/edge", "/edge/", "/edge/404", "/edge/502", "/favicon.ico", "/.env", "/.git/config",
)  # fmt: skip
TRICKS = (
    "/chat/../metrics", "/chat/v1/../../metrics", "//metrics", "/chat/%2e%2e/metrics", "/chat/%2E%2e/metrics",
    "/chat/..%2fmetrics", "/chat/..;/metrics", "/chat/.;/metrics", "/chat%2f..%2fmetrics", "/chat/..%5cmetrics",
    "/chat/..\\metrics", "/chat/%252e%252e/metrics", "/chat/./metrics", "/chat//metrics", "//chat/v1/session",
    "/metrics/../chat/v1/session", "/operator/v1/../../chat/v1/session", "/metrics%00/../chat/", "/chat/%00/metrics",
    "/metrics;/../chat/", "/chat/.../metrics", "/chat/%c0%ae%c0%ae/metrics", "/chat/v1/%73ession", "/%63hat/v1/session",
    "/chat/v1/session#/../../metrics", "/chat/v1/session%0d%0aX-Bad:%201", "/edge/health/../../metrics",
    "/edge/../chat/v1/session",
)  # fmt: skip


def request(method: str, target: str, *headers: str, host: str = "localhost") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]).encode()


def status_of(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])


def problem_of(reply: bytes) -> Problem:
    return Problem.model_validate_json(reply.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("path", ["/chat/v1/session", "/chat/docs/", "/widget/frontdesk-chat.js", "/slack/events"])
def test_the_public_folders_pass_with_their_query(edge: Edge, visitor: httpx.Client, path: str) -> None:
    word = uuid4().hex
    assert visitor.get(f"{path}?word={word}&a=..%2f;b").json()["code"] == "of_the_gateway"
    (heard,) = edge.upstream.heard(word)
    assert heard.target == f"{path}?word={word}&a=..%2f;b"


@pytest.mark.parametrize("path", FORBIDDEN)
def test_everything_else_is_a_404_with_a_sentence(edge: Edge, visitor: httpx.Client, path: str) -> None:
    word = uuid4().hex
    response = visitor.get(f"{path}?{word}")
    assert (response.status_code, response.headers["Content-Type"]) == (404, "application/json")
    assert Problem.model_validate(response.json()).code == "not_found"
    assert edge.upstream.heard(word) == []


@pytest.mark.parametrize("path", TRICKS)
def test_no_trick_of_writing_leads_anywhere(edge: Edge, path: str) -> None:
    word = uuid4().hex
    reply = edge.raw(request("GET", f"{path}?{word}"))
    assert (status_of(reply), problem_of(reply).code) in ((404, "not_found"), (400, "bad_request"))
    assert edge.upstream.heard(word) == []


def test_a_path_in_absolute_form_is_judged_as_any_other(edge: Edge) -> None:
    word = uuid4().hex
    assert status_of(edge.raw(request("GET", f"http://localhost/metrics?{word}"))) == 404
    assert status_of(edge.raw(request("GET", f"http://localhost/chat/../metrics?{word}"))) == 404
    assert edge.upstream.heard(word) == []
    assert status_of(edge.raw(request("GET", f"http://localhost/chat/v1/session?{word}"))) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_the_chat_takes_the_methods_of_its_api(edge: Edge, visitor: httpx.Client, method: str) -> None:
    word = uuid4().hex
    assert visitor.request(method, f"/chat/v1/session?{word}").status_code == 200
    assert [heard.method for heard in edge.upstream.heard(word)] == [method]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/chat/v1/session", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
        ("PROPFIND", "/chat/v1/session", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
        ("G", "/chat/v1/session", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
        ("POST", "/widget/frontdesk-chat.js", "GET, HEAD, OPTIONS"),
        ("DELETE", "/slack/events", "GET, POST"),
        ("HEAD", "/slack/events", "GET, POST"),
        ("POST", "/edge/health", "GET, HEAD"),
    ],
)
def test_another_method_is_a_405_that_says_which_are_right(edge: Edge, method: str, path: str, allowed: str) -> None:
    word = uuid4().hex
    reply = edge.raw(request(method, f"{path}?{word}"))
    assert status_of(reply) == 405 and f"Allow: {allowed}\r\n".encode() in reply
    assert method == "HEAD" or problem_of(reply).code == "bad_method"
    assert edge.upstream.heard(word) == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_trace_and_connect_are_refused_with_a_sentence(edge: Edge, method: str) -> None:
    reply = edge.raw(request(method, "/chat/v1/session"))
    assert (status_of(reply), problem_of(reply).code) in ((405, "bad_method"), (400, "bad_request"))


@pytest.mark.parametrize(
    "head",
    [
        b"GET /chat/v1/session?WORD HTTP/1.1\r\n\r\n",
        b"GET /chat/v1/session?WORD HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET /chat/v1/session?WORD HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /chat/v1/session?WORD HTTP/1.1\r\nHost: a/../b\r\n\r\n",
        b"GET /chat/v1/session?WORD HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        b"GET /chat/v1/session?WORD nonsense\r\nHost: a\r\n\r\n",
        b"WORD\r\n\r\n",
        b"\x16\x03\x01WORD\r\n\r\n",
        b"POST /chat/v1/x?WORD HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /chat/v1/x?WORD HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /chat/v1/x?WORD HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nhello",
    ],
)
def test_what_is_no_http_is_a_400_with_a_sentence(edge: Edge, head: bytes) -> None:
    word = uuid4().hex
    reply = edge.raw(head.replace(b"WORD", word.encode()))
    assert (status_of(reply), problem_of(reply).code) == (400, "bad_request")
    assert edge.upstream.heard(word) == []


def test_a_second_request_cannot_hide_in_a_header(edge: Edge) -> None:
    word = uuid4().hex
    edge.raw(
        request("GET", f"/chat/v1/session?{word}", "X-A: b\rGET /metrics HTTP/1.1", "X_Under: 1", "X-Forwarded_For: 1")
    )
    assert all(heard.all("x_under") == heard.all("x-forwarded_for") == [] for heard in edge.upstream.heard(word))
    assert edge.upstream.heard("/metrics") == []


@pytest.fixture(scope="module")
def named_edge(start_edge: StartEdge) -> Edge:
    return start_edge(EDGE_HOSTS="chat.example.com, *.shop.example")


@pytest.mark.parametrize("host", ["chat.example.com", "CHAT.example.com:8080", "eu.shop.example"])
def test_the_own_names_are_answered(named_edge: Edge, host: str) -> None:
    word = uuid4().hex
    assert status_of(named_edge.raw(request("GET", f"/chat/v1/session?{word}", host=host))) == 200
    assert named_edge.upstream.heard(word)[0].all("Host") == [host.lower()]


@pytest.mark.parametrize("host", ["evil.example", "chat.example.com.evil.example", "127.0.0.1", "_"])
def test_a_foreign_name_is_refused_but_for_probes(named_edge: Edge, host: str) -> None:
    word = uuid4().hex
    reply = named_edge.raw(request("GET", f"/chat/v1/session?{word}", host=host))
    assert (status_of(reply), problem_of(reply).code, named_edge.upstream.heard(word)) == (421, "wrong_host", [])
    assert status_of(named_edge.raw(request("GET", "/edge/health", host=host))) == 200


def test_the_name_of_the_request_line_counts_and_is_passed_on(named_edge: Edge) -> None:
    word, own, evil = uuid4().hex, "chat.example.com", "evil.example"
    assert status_of(named_edge.raw(request("GET", f"http://{evil}/chat/v1/session?{word}", host=own))) == 421
    assert status_of(named_edge.raw(request("GET", f"http://{own}/chat/v1/session?{word}", host=evil))) == 200
    assert [heard.all("Host") for heard in named_edge.upstream.heard(word)] == [[own]]
