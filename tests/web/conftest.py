"""Chromium with the real website chat, before the whole Frontdesk of tests/town.py."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from frontdesk.settings import ROOT
from tests.town import Town
from tests.web.shop import Shop, open_shop
from tests.web.visitor import Visitor

CHROMIUM = "/usr/bin/chromium"
AXE = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

Visit = Callable[..., Visitor]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "outage: processes are away for a while, and the browser's console says so")


def missing(what: str) -> None:
    """Skip for a person, fail in CI: a test that never runs there protects nothing."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser a module: while Playwright runs, no other test could have an event loop."""
    if not Path(CHROMIUM).is_file():
        missing("Chromium is needed for this test: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(request: pytest.FixtureRequest, chromium: Browser, town: Town, tmp_path: Path) -> Iterator[Visit]:
    """`visit()` is a customer of the demo page in a browser of their own; `visit(context=…)` another tab of one.

    At the end no page may have written an error to its console or broken its Content-Security-Policy. A test with the
    mark `outage` takes processes away: there the browser's own words about the network are no error.
    """
    visitors: list[Visitor] = []
    contexts: list[BrowserContext] = []

    def arrive(address: str = "", context: BrowserContext | None = None, **options: Any) -> Visitor:
        if context is None:
            context = chromium.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
            contexts.append(context)
        server = town.url("gateway")
        visitors.append(Visitor.arrive(context, address or f"{server}/widget/demo/", server, tmp_path))
        return visitors[-1]

    yield arrive
    outage = request.node.get_closest_marker("outage") is not None
    complaints = [said for visitor in visitors for said in visitor.complaints(outage=outage)]
    for context in contexts:
        with suppress(Error):
            context.close()
    assert complaints == []


@pytest.fixture
def shop(town: Town) -> Iterator[Shop]:
    """A customer's website on another origin, which is on the allow-list of the gateway."""
    with open_shop(town.url("gateway"), town.shop_port) as shop:
        yield shop


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which comes with the tools of the widget."""
    if not AXE.is_file():
        missing("axe-core is needed for this test: sh env/setup.sh widget")
    return AXE.read_text()


@pytest.fixture
def violations(axe: str) -> Callable[[Visitor], list[str]]:
    """`violations(visitor)`: what axe finds wrong in the whole page as it stands, by all of its rules.

    Forced colours are the browser's: axe still reckons with the page's own, so there contrast is left out.
    """

    def find(visitor: Visitor) -> list[str]:
        visitor.rest()  # while it fades in, everything lacks contrast
        visitor.page.evaluate(axe)
        found = visitor.page.evaluate(
            """() => axe.run(document, {
                rules: {"color-contrast": {enabled: !matchMedia("(forced-colors: active)").matches}},
                resultTypes: ["violations"],
            })"""
        )
        return [f"{rule['id']}: {node['target']}" for rule in found["violations"] for node in rule["nodes"]]

    return find
