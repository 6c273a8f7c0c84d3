"""The page and the headers around everything."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from gateway.api import SECURITY_HEADERS
from gateway.settings import Settings
from tests.gateway.conftest import SECRET, Gateway

REQUESTS: dict[str, dict[str, Any]] = {
    "the page": {"method": "GET", "url": "/"},
    "a reply": {"method": "POST", "url": "/chat/messages", "json": {"message": "how do I restore a file"}},
    "a refusal": {"method": "POST", "url": "/chat/messages", "json": {}},
    "a body too large": {"method": "POST", "url": "/chat/messages", "content": b"x" * 100_000},
    "nothing there": {"method": "GET", "url": "/nowhere"},
    "health": {"method": "GET", "url": "/health"},
}


@pytest.mark.parametrize("request_name", REQUESTS)
def test_security_headers_are_on_every_response(gateway: Gateway, request_name: str) -> None:
    with gateway.browser() as browser:
        headers = browser.request(**REQUESTS[request_name]).headers
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_the_page_is_served_with_everything_it_refers_to(gateway: Gateway) -> None:
    with gateway.browser() as browser:
        page = browser.get("/")
        parts = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
        assert page.status_code == 200 and parts
        assert {browser.get(part).status_code for part in parts} == {200}


def test_the_page_runs_no_inline_code(gateway: Gateway) -> None:
    page = httpx.get(f"{gateway.address}/", trust_env=False).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)


def test_a_refused_body_is_counted(gateway: Gateway) -> None:
    before = gateway.counted("frontdesk_requests_total", process="gateway", status="413")
    with gateway.browser() as browser:
        browser.request(**REQUESTS["a body too large"])
    assert gateway.counted("frontdesk_requests_total", process="gateway", status="413") == before + 1


@pytest.mark.parametrize("secret", [None, "", "short"])
def test_without_a_good_secret_the_gateway_does_not_start(
    monkeypatch: pytest.MonkeyPatch, secret: str | None, tmp_path: Path
) -> None:
    monkeypatch.delenv("SESSION_SECRET", raising=False)
    if secret is not None:
        monkeypatch.setenv("SESSION_SECRET", secret)
    with pytest.raises(ValidationError, match="session_secret"):
        Settings()


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECRET", SECRET)
    monkeypatch.setenv("TURNS_AT_ONCE", "5")
    assert (Settings().turns_at_once, Settings().session_secret) == (5, SECRET)
