"""Who asks, as the gateway is told; what browsers are told; what the log keeps."""

import json
from uuid import uuid4

import httpx
import pytest

from tests.edge.conftest import Edge, own_address

TOLD = ("X-Forwarded-For", "X-Real-IP", "X-Forwarded-Proto")
SPOOFED = {
    "X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1", "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=203.0.113.9", "Proxy": "http://evil.example", "Frontdesk-Turn-Id": "t-forged",
    "Frontdesk-Deadline-Ms": "999999999",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/chat/v1/session", "/chat/v1/messages", "/widget/x", "/slack/events"])
def test_what_a_client_says_of_itself_is_replaced(edge: Edge, path: str) -> None:
    word, address = uuid4().hex, own_address()
    with edge.client(address) as client:
        client.get(f"{path}?{word}", headers=SPOOFED)
    (heard,) = edge.upstream.heard(word)
    assert [heard.all(name) for name in TOLD] == [[address], [address], ["http"]]
    assert [name for name in SPOOFED if name not in TOLD and heard.all(name)] == []


def test_a_forged_address_gives_no_second_allowance(visitor: httpx.Client) -> None:
    forged = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(60)]
    assert 429 in [visitor.get("/chat/v1/session", headers=headers).status_code for headers in forged]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first one is only what the client claimed
        ("198.51.100.1, 203.0.113.9, 127.99.200.1", "203.0.113.9"),  # two proxies of ours
        ("2001:db8::9", "2001:db8::9"),
    ],
)
def test_a_trusted_proxy_says_who_asks(edge: Edge, said: str, meant: str) -> None:
    word = uuid4().hex
    with edge.client(own_address("127.99")) as proxy:
        proxy.get(f"/chat/v1/session?{word}", headers={"X-Forwarded-For": said, "X-Forwarded-Proto": "https"})
    (heard,) = edge.upstream.heard(word)
    assert [heard.all(name) for name in TOLD] == [[meant], [meant], ["https"]]


def test_customers_behind_one_proxy_have_an_allowance_each(edge: Edge) -> None:
    with edge.client(own_address("127.99")) as proxy:
        asked = [
            proxy.get("/chat/v1/session", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(60)
        ]
    assert set(asked) == {200}


def test_the_host_is_passed_on_with_its_port(edge: Edge, visitor: httpx.Client) -> None:
    word = uuid4().hex
    visitor.get(f"/chat/v1/session?{word}", headers={"Host": "Chat.example.com:8088"})
    assert edge.upstream.heard(word)[0].all("Host") == ["chat.example.com:8088"]


def test_no_security_header_comes_twice(visitor: httpx.Client) -> None:
    for path, policy in (
        ("/chat/v1/session", "default-src 'self'"),
        ("/x", "default-src 'none'; frame-ancestors 'none'"),
    ):
        headers = visitor.get(path).headers
        assert headers.get_list("Content-Security-Policy") == [policy]
        assert headers.get_list("X-Content-Type-Options") == ["nosniff"]
        assert headers.get_list("Referrer-Policy") == ["no-referrer"]
        assert (headers["Server"], "Strict-Transport-Security" in headers) == ("nginx", False)


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("http://127.0.0.1:1/widget/demo/", "/widget/demo/"),
        ("https://chat.example.com/chat/docs/", "/chat/docs/"),
        ("https://slack.com/oauth", "https://slack.com/oauth"),
    ],
)
def test_redirects_of_the_gateway_stay_on_the_address_that_was_asked(
    visitor: httpx.Client, to: str, location: str
) -> None:
    assert visitor.get("/widget/demo", params={"status": 307, "to": to}).headers["Location"] == location


def test_text_is_compressed_for_those_who_want_it(visitor: httpx.Client) -> None:
    large, small = (visitor.get(f"/widget/x?bytes={size}", headers={"Accept-Encoding": "gzip"}) for size in (9_000, 9))
    assert (large.headers["Content-Encoding"], large.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Encoding" not in small.headers


def test_a_large_file_comes_whole_and_nothing_is_kept_on_disk(edge: Edge, visitor: httpx.Client) -> None:
    response = visitor.get("/widget/x?bytes=3000000", headers={"Accept-Encoding": "identity"})
    assert len(response.content) > 3_000_000
    assert [file for folder in ("body", "proxy") for file in (edge.var / "run/nginx" / folder).rglob("*")] == []


def test_the_log_has_turn_time_and_path_but_nothing_that_was_said(edge: Edge) -> None:
    word, address = uuid4().hex, own_address()
    secrets = {
        "Cookie": "session=secret-c",
        "Authorization": "Bearer secret-a",
        "User-Agent": "secret-u",
        "Referer": "secret-r",
    }
    with edge.client(address) as client:
        client.post(f"/chat/v1/{word}?text=secret-q", content=b"secret-b", headers=secrets)
    line = json.loads(edge.logged(word))
    assert (line["client"], line["method"], line["path"]) == (address, "POST", f"/chat/v1/{word}")
    assert (line["status"], line["turn_id"], line["seconds"] >= 0) == ("200", "t-42", True)
    assert "secret" not in edge.log.read_text()


def test_every_line_of_access_is_json_whatever_was_sent(edge: Edge) -> None:
    for head in (b'GET /"\\\xff\x01 HTTP/1.1\r\n\r\n', b"\xff\xfe\r\n\r\n", b"GET /chat/%22%0a{} HTTP/1.0\r\n\r\n"):
        edge.raw(head)
    lines = [line for line in edge.log.read_bytes().splitlines() if line.startswith(b"{")]
    assert all(json.loads(line.decode("utf-8", "replace"))["status"] for line in lines)
