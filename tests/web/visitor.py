"""A customer at the website chat: what can be done and seen in the page, by the names that people see."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import BrowserContext, Locator, Page, Response, expect

REPLY_MS = 25_000
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  window.violations.push(violatedDirective + " " + blockedURI);
});
"""
# What a browser logs when a server is away or says no; nothing that a page could prevent.
NETWORK = re.compile(r"Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|ERR_NETWORK|ERR_INTERNET")


@dataclass
class Visitor:
    """One tab. `console` collects what must not be there at the end."""

    page: Page
    server: str
    shots: Path
    console: list[str] = field(default_factory=list)

    @classmethod
    def arrive(cls, context: BrowserContext, address: str, server: str, shots: Path) -> "Visitor":
        visitor = cls(context.new_page(), server, shots)
        visitor.page.set_default_timeout(10_000)
        visitor.page.add_init_script(WATCH)
        visitor.page.on("console", lambda said: visitor.console.append(said.text) if said.type == "error" else None)
        visitor.page.on("pageerror", lambda error: visitor.console.append(f"exception: {error}"))
        visitor.page.goto(address)
        expect(visitor.launcher).to_be_visible()
        return visitor

    # What stands in the page

    @property
    def chat(self) -> Locator:
        return self.page.locator("frontdesk-chat")

    @property
    def launcher(self) -> Locator:
        return self.chat.locator(".launcher")

    @property
    def panel(self) -> Locator:
        return self.chat.locator(".panel")

    @property
    def composer(self) -> Locator:
        return self.chat.get_by_role("textbox", name="Write a message")

    @property
    def said(self) -> Locator:
        return self.chat.locator(".line.customer .text")

    @property
    def replies(self) -> Locator:
        """Bubbles of the assistant, the greeting left out."""
        return self.chat.locator(".log .line.assistant:has(time)")

    @property
    def newest(self) -> Locator:
        return self.replies.last

    @property
    def form(self) -> Locator:
        return self.chat.locator("form.ticket")

    def button(self, name: str) -> Locator:
        return self.chat.get_by_role("button", name=name, exact=True)

    # What a customer does

    def open(self) -> None:
        self.launcher.click()
        expect(self.panel).to_be_visible()
        expect(self.chat.locator(".log[aria-busy=false]")).to_be_visible()

    def say(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def ask(self, text: str) -> Locator:
        """Says it and waits for the reply."""
        before = self.replies.count()
        self.say(text)
        expect(self.replies).to_have_count(before + 1, timeout=REPLY_MS)
        return self.newest

    def reload(self) -> None:
        self.page.reload()
        expect(self.launcher).to_be_visible()

    def rest(self) -> None:
        """Until what opens or fades in has come to rest."""
        self.page.wait_for_timeout(350)

    def leave(self) -> None:
        """Close the tab; what was wrong in it stays known."""
        self.console += self.page.evaluate("() => window.violations")
        self.page.close()

    def rated(self) -> Any:
        """Wait for the call of a rating: `with visitor.rated(): press`."""
        return self.page.expect_response(_is_rating)

    # What is asked of the server and of the browser

    def history(self) -> list[dict[str, Any]]:
        """The conversation as the server has it, with this browser's cookie."""
        response = self.page.context.request.get(f"{self.server}/chat/v1/messages")
        assert response.ok, response.text()
        messages: list[dict[str, Any]] = response.json()["messages"]
        return messages

    def shot(self, name: str = "") -> Path:
        """`name` may end in .jpg."""
        path = self.shots / (name if name.endswith(".jpg") else f"{name or uuid4().hex[:8]}.png")
        self.rest()
        self.page.screenshot(path=path)
        return path

    def overflow(self) -> int:
        """By how many pixels the page or the panel can be scrolled sideways."""
        widest: int = self.page.evaluate("""() => {
            const root = document.querySelector("frontdesk-chat").shadowRoot;
            const all = [document.documentElement, ...root.querySelectorAll(".panel, .scroll, .log, .bubble, form")];
            return Math.max(...all.map((one) => one.scrollWidth - one.clientWidth));
        }""")
        return widest

    def complaints(self, *, outage: bool = False) -> list[str]:
        """Errors in the console and violations of the Content-Security-Policy, so far."""
        errors = [text for text in self.console if not (outage and NETWORK.search(text))]
        if self.page.is_closed():
            return errors
        violations: list[str] = self.page.evaluate("() => window.violations")
        return errors + violations


def _is_rating(response: Response) -> bool:
    return response.url.endswith("/rating") and response.request.method in ("PUT", "DELETE")
