"""The pages, who may use the API from a browser, and the headers around everything."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from contracts.errors import Misconfigured
from gateway.doors import SECURITY_HEADERS
from gateway.settings import Settings
from tests.gateway.conftest import OPERATOR, SECRET, Gateway

Start = Callable[..., Gateway]
SHOP = "https://shop.example"
REQUESTS: dict[str, dict[str, Any]] = {
    "the demo page": {"method": "GET", "url": "/widget/demo/"},
    "the API's page": {"method": "GET", "url": "/chat/docs/"},
    "a reply": {"method": "POST", "url": "/chat/v1/messages", "json": {"text": "how do I restore a file"}},
    "a refusal": {"method": "POST", "url": "/chat/v1/messages", "json": {}},
    "a body too large": {"method": "POST", "url": "/chat/v1/messages", "content": b"x" * 100_000},
    "a foreign origin": {"method": "GET", "url": "/chat/v1/messages", "headers": {"Origin": "https://evil.example"}},
    "nothing there": {"method": "GET", "url": "/nowhere"},
    "health": {"method": "GET", "url": "/health"},
}


@pytest.mark.parametrize("request_name", REQUESTS)
def test_security_headers_are_on_every_response(gateway: Gateway, request_name: str) -> None:
    with gateway.browser() as browser:
        headers = browser.request(**REQUESTS[request_name]).headers
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_the_policy_allows_nothing_inline() -> None:
    assert "unsafe" not in SECURITY_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("page", ["/widget/demo/", "/chat/docs/"])
def test_a_page_is_served_with_everything_it_refers_to(gateway: Gateway, page: str) -> None:
    with gateway.browser() as browser:
        found = browser.get(page)
        parts = re.findall(r'(?:src|href)="([^"#]+)"', found.text)
        assert found.status_code == 200 and parts
        assert {part: browser.get(str(found.url.join(part))).status_code for part in parts} == dict.fromkeys(parts, 200)


@pytest.mark.parametrize("page", ["/widget/demo/", "/chat/docs/"])
def test_a_page_runs_no_inline_code(gateway: Gateway, page: str) -> None:
    text = httpx.get(f"{gateway.address}{page}", trust_env=False).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)


def test_the_front_leads_to_the_demo_page(gateway: Gateway) -> None:
    assert httpx.get(f"{gateway.address}/", trust_env=False).headers["Location"] == "/widget/demo/"


def test_any_page_may_load_the_widget(gateway: Gateway) -> None:
    response = httpx.get(f"{gateway.address}/widget/frontdesk-chat.js", headers={"Origin": SHOP}, trust_env=False)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Content-Type"].startswith("text/javascript")


def test_the_description_names_every_public_route_and_no_other(gateway: Gateway) -> None:
    paths = httpx.get(f"{gateway.address}/chat/openapi.json", trust_env=False).json()["paths"]
    assert set(paths) == {
        "/chat/v1/session", "/chat/v1/messages", "/chat/v1/events", "/chat/v1/person",
        "/chat/v1/turns/{turn_id}/rating",
    }  # fmt: skip


def preflight(gateway: Gateway, origin: str) -> httpx.Response:
    headers = {
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,prefer",
    }  # fmt: skip
    return httpx.options(f"{gateway.address}/chat/v1/messages", headers=headers, trust_env=False)


def test_an_allowed_origin_may_use_the_chat(start_gateway: Start) -> None:
    gateway = start_gateway(ALLOWED_ORIGINS=f"http://localhost:9000, {SHOP}")
    asked = preflight(gateway, SHOP)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (200, SHOP)
    used = httpx.post(f"{gateway.address}/chat/v1/session", json={}, headers={"Origin": SHOP}, trust_env=False)
    assert (used.status_code, used.headers["Access-Control-Allow-Origin"]) == (200, SHOP)
    assert "Origin" in used.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://shop.example", "https://shop.example:444", "https://shop.example.evil.example",
     "null", "file://", "https://SHOP.example/"],
)  # fmt: skip
def test_another_origin_may_not(start_gateway: Start, origin: str) -> None:
    gateway = start_gateway(ALLOWED_ORIGINS=SHOP)
    assert preflight(gateway, origin).status_code == 400
    heard = len(gateway.rasa.heard)
    with gateway.browser() as browser:
        refused = browser.post("/chat/v1/messages", json={"text": "hello there you"}, headers={"Origin": origin})
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign_origin")
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert len(gateway.rasa.heard) == heard


def test_the_gateways_own_pages_may(gateway: Gateway) -> None:
    response = httpx.post(
        f"{gateway.address}/chat/v1/session", json={}, headers={"Origin": gateway.address}, trust_env=False
    )
    assert response.status_code == 200


@pytest.mark.parametrize("said", ["*", "shop.example", "https://shop.example/", "https://*.example"])
def test_what_is_no_origin_is_refused_at_the_start(said: str) -> None:
    with pytest.raises(Misconfigured, match="ALLOWED_ORIGINS"):
        _ = Settings(session_secret=SECRET, operator_token=OPERATOR, allowed_origins=said).origins


def test_a_refused_body_is_counted(gateway: Gateway) -> None:
    before = gateway.counted("frontdesk_requests_total", process="gateway", status="413")
    with gateway.browser() as browser:
        browser.request(**REQUESTS["a body too large"])
    assert gateway.counted("frontdesk_requests_total", process="gateway", status="413") == before + 1


@pytest.mark.parametrize("name", ["SESSION_SECRET", "OPERATOR_TOKEN"])
@pytest.mark.parametrize("secret", [None, "", "short", "short and some more words that are long"])
def test_without_a_good_secret_the_gateway_does_not_start(
    monkeypatch: pytest.MonkeyPatch, name: str, secret: str | None
) -> None:
    monkeypatch.setenv("SESSION_SECRET", SECRET)
    monkeypatch.setenv("OPERATOR_TOKEN", OPERATOR)
    monkeypatch.delenv(name)
    if secret is not None:
        monkeypatch.setenv(name, secret if name == "SESSION_SECRET" else secret[:20])
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECRET", SECRET)
    monkeypatch.setenv("OPERATOR_TOKEN", OPERATOR)
    monkeypatch.setenv("TURNS_AT_ONCE", "5")
    assert (Settings().turns_at_once, Settings().session_secret) == (5, SECRET)
