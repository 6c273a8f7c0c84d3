"""Who means harm: every attack ends in a 4xx with a sentence or a closed connection, the others are served meanwhile,
and nothing of a message is in the log. The limits of NGINX in front (slow heads, rates) are tests/edge's."""

import asyncio
import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.gateway.chat import Customer
from tests.gateway.conftest import migrated
from tests.gateway.fake_rasa import FakeRasa
from tests.gateway.hostile import PRIVATE, Target, assert_refused, new_token, post, running, signed

SESSIONS = 10_000


@pytest.fixture(scope="module")
def target(rasa: FakeRasa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("hostile")
    with running(folder, rasa.address, migrated(folder)) as started:
        yield started


@pytest.fixture(autouse=True)
def quiet_log(target: Target) -> Iterator[None]:
    """After every attack: served as before, no stack trace, nothing private."""
    yield
    assert target.say(new_token(), f"how do I restore {PRIVATE}?").json()["status"] == "answered"
    assert PRIVATE not in target.log
    assert "Traceback" not in target.log and "unforeseen" not in target.log, target.log


HELLO = json.dumps({"text": f"hello {PRIVATE}"}).encode()
CHUNK = b"%x\r\n%b\r\n" % (len(HELLO), HELLO)
BODIES = {
    "half a character": b'{"text": "' + PRIVATE.encode() + b' \xe2\x82"}',
    "Latin-1": f'{{"text": "{PRIVATE} \u00e9"}}'.encode("latin-1"),
    "no end": f'{{"text": "{PRIVATE}'.encode(),
    "two documents": HELLO * 2,
    "deep": b'{"text": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "deep keys": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "900 deep": b'{"text": ' + b"[" * 900 + b"]" * 900 + b"}",
    "a long number": b'{"text": ' + b"9" * 50_000 + b"}",
    "not a number": b'{"text": NaN}',
    "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 40,
    "a key that goes on": b'{"text": "hi", "key": "12345678\\n"}',
    "a key with NUL": b'{"text": "hi", "key": "12345678\\u0000"}',
    "NUL in a token": b'{"text": "hi", "form": {"token": "\\u0000", "values": {"\\u0000": "\\u0000"}}}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_broken_body_is_refused(target: Target, name: str) -> None:
    assert_refused(target.send(post(BODIES[name])), 400, 422)


@pytest.mark.parametrize(
    "kind",
    ["text/html", "application/xml", "application/x-msgpack", "multipart/form-data; boundary=x", "a/b/c", "\xff"],
)
def test_a_wrong_content_type_is_refused(target: Target, kind: str) -> None:
    assert_refused(target.send(post(HELLO, f"Content-Type: {kind}")), 415, 422)


FRAMES = {
    "a length far too large": post(b"", "Content-Length: 999999999999", length=False),
    "a length beyond 64 bits": post(b"", f"Content-Length: {'9' * 5_000}", length=False),
    "a negative length": post(HELLO, "Content-Length: -1", length=False),
    "no number as length": post(HELLO, "Content-Length: 1e3", length=False),
    "two lengths": post(HELLO, "Content-Length: 3"),
    "length and chunks": post(CHUNK + b"0\r\n\r\n" + post(HELLO), "Transfer-Encoding: chunked"),
    "chunks without end": post(CHUNK * 5_000, "Transfer-Encoding: chunked", length=False),
    "a chunk of no size": post(b"zz\r\n" + HELLO, "Transfer-Encoding: chunked", length=False),
    "a huge chunk": post(b"fffffffffffffffff\r\n" + HELLO, "Transfer-Encoding: chunked", length=False),
    "CR in a header": post(HELLO, "Idempotency-Key: a\rSet-Cookie: b=c"),
    "NUL in a header": post(HELLO, "Prefer: wait\x00"),
    "LF in an origin": post(HELLO, "Origin: https://shop.example\nSet-Cookie: b=c"),
    "a name with blanks": post(HELLO, "Bad Header: x"),
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": b"BREW /chat/v1/messages HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "TRACE": b"TRACE /chat/v1/messages HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "PATCH": post(HELLO).replace(b"POST", b"PATCH"),
    "CONNECT": b"CONNECT /chat/v1/messages HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_request_that_breaks_http_is_refused(target: Target, name: str) -> None:
    assert_refused(target.send(FRAMES[name]), 0, 400, 401, 403, 404, 405, 413, 422)


def test_a_web_socket_is_refused(target: Target) -> None:
    headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    request = f"GET /chat/v1/events HTTP/1.1\r\nHost: a\r\n{headers}\r\n{key}\r\n\r\n"
    assert target.send(request.encode()) == (403, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/chat/v1/../../operator/v1/conversations", "/chat/v1/%2e%2e/%2e%2e/operator/v1/conversations",
        "//operator/v1/conversations", "/chat/v1/..;/operator", "/operator/v1/conversations",
        "/operator/v1/conversations/..%2f..%2fchat/messages", "/chat//v1/messages", "/CHAT/V1/messages",
        "http://other.example/operator/v1/conversations", "*",
        "/widget/..%2f..%2f.env", "/widget/demo/..%2f..%2f..%2fpyproject.toml", "/widget/demo/..%5c..%5cREADME.md",
        "/widget/demo/%252e%252e/%252e%252e/README.md", "/widget/demo//etc/passwd", "/chat/docs/static//etc/passwd",
        "/chat/docs/%00", "/chat/docs/a%00.html", "/chat/docs/%ff%fe", "/chat/docs/" + "a" * 5_000, "/.env",
        "/%0d%0aX:y",
    ],
)  # fmt: skip
def test_a_path_leads_nowhere_else(target: Target, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Note: {PRIVATE}\r\n\r\n"
    assert_refused(target.send(request.encode()), 400, 401, 404)


@pytest.mark.parametrize(
    "header", ["Origin: https://evil.example", "Origin: https://shop.example@evil.example", "Origin: "]
)
def test_a_made_up_origin_is_refused(target: Target, header: str) -> None:
    assert_refused(target.send(post(HELLO, header)), 403)


def test_who_is_slow_holds_up_nobody_else(target: Target) -> None:
    """Heads and bodies that never end: NGINX cuts them off, here they only cost a connection each."""
    with ExitStack() as open_connections:
        slow = [open_connections.enter_context(target.connect()) for _ in range(200)]
        for number, connection in enumerate(slow):
            connection.sendall(post(HELLO)[: -len(HELLO) - 4 if number % 2 else -10])
        for _ in range(3):
            for connection in slow:
                connection.sendall(b"x")
            began = time.monotonic()
            assert target.say(new_token(), f"where is {PRIVATE}").status_code == 200
            assert time.monotonic() - began < 2


def begin(target: Target, count: int) -> list[str]:
    """The conversations of so many new sessions."""
    browser, found = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10), []
    for _ in range(count):
        browser.request("POST", "/chat/v1/session", b'{"transport":"bearer"}', {"Content-Type": "application/json"})
        session = signed.read(json.loads(browser.getresponse().read())["token"])
        assert session is not None
        found.append(session.conversation)
    browser.close()
    return found


def test_ten_thousand_sessions_cost_no_memory_and_are_all_different(target: Target) -> None:
    begin(target, 100)
    before, began = target.megabytes, time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        found = [one for part in pool.map(lambda _: begin(target, SESSIONS // 4), range(4)) for one in part]
    assert len(set(found)) == SESSIONS
    assert target.megabytes - before < 20
    assert time.monotonic() - began < 40


def test_streams_that_open_at_the_same_moment_keep_to_the_limit(target: Target) -> None:
    """Each is looked at before it counts; so many at once must not slip through between."""

    async def opened(client: httpx.AsyncClient) -> int:
        async with client.stream("GET", "/events") as response:
            if response.status_code == 200:
                await asyncio.sleep(1)
            return response.status_code

    async def rush() -> Counter[int]:
        headers = {"Authorization": f"Bearer {new_token()}"}
        url = f"{target.address}/chat/v1"
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=10) as client:
            return Counter(await asyncio.gather(*(opened(client) for _ in range(80))))

    assert asyncio.run(rush()) == {200: 12, 429: 68}


def test_who_leaves_in_the_middle_of_the_events_leaves_no_error(target: Target) -> None:
    """Whether the gateway is sending at that moment is chance, so many leave: some hundred made it sure."""
    with Customer(target.address) as customer:
        for number in range(60):
            customer.ask(f"how do I restore file {number} of {PRIVATE}? " + "please " * 500)
        request = f"GET /chat/v1/events?after=0 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {customer.token}\r\n\r\n"
        for number in range(100):
            with target.connect() as connection:
                connection.sendall(request.encode())
                for _ in range(number % 10):
                    connection.recv(10_000)
