"""A customer asks, reads, rates and comes back."""

import re

import pytest
from playwright.sync_api import Keyboard, Locator, expect

from tests.web.conftest import Visit

pytestmark = pytest.mark.timeout(300)
ASKED, FOLLOW_UP = "How do I restore a single file?", "and a whole folder?"


def test_a_faq_is_quoted_with_its_source_and_date_and_a_follow_up_is_understood(visit: Visit) -> None:
    customer = visit()
    customer.open()
    reply = customer.ask(ASKED)
    expect(reply).to_contain_text("Reviewed answer")
    link = reply.get_by_role("link").first
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", re.compile("noopener noreferrer"))
    expect(reply.locator(".updated").first).to_have_text(re.compile(r"last updated \d+ \w+ 20\d\d"))
    assert "folder" in customer.ask(FOLLOW_UP).inner_text()
    customer.shot("answer")


def test_a_reload_shows_the_conversation_and_the_panel_as_they_were(visit: Visit) -> None:
    customer = visit()
    customer.open()
    customer.ask(ASKED)
    before = customer.replies.all_inner_texts()
    customer.reload()
    expect(customer.panel).to_be_visible()
    expect(customer.said).to_have_text([ASKED])
    expect(customer.replies).to_have_count(1)
    assert customer.replies.all_inner_texts() == before
    customer.button("Close chat").first.click()
    customer.reload()
    expect(customer.panel).to_have_count(0)


def test_another_tab_shows_the_history_and_live_what_the_first_one_says(visit: Visit) -> None:
    first = visit()
    first.open()
    first.ask(ASKED)
    second = visit(context=first.page.context)
    second.open()
    expect(second.said).to_have_text([ASKED])
    first.ask(FOLLOW_UP)
    expect(second.said).to_have_text([ASKED, FOLLOW_UP])
    expect(second.replies).to_have_count(2)
    assert second.newest.locator(".text").inner_text() == first.newest.locator(".text").inner_text()
    second.shot("second-tab")


def test_a_thumb_down_with_a_reason_is_still_pressed_after_a_reload_and_can_be_taken_back(visit: Visit) -> None:
    customer = visit()
    customer.open()
    customer.ask(ASKED)
    with customer.rated():
        customer.button("Not helpful").click()
    expect(customer.chat.get_by_label("It is wrong")).to_be_focused()
    customer.chat.get_by_label("Something is missing").check()
    customer.chat.get_by_label("Anything to add? (optional)").fill("How long it takes.")
    customer.shot("reasons")
    with customer.rated():
        customer.button("Send feedback").click()
    expect(customer.chat.get_by_text("Thank you for the feedback.")).to_be_visible()
    customer.reload()
    expect(customer.button("Not helpful")).to_have_attribute("aria-pressed", "true")
    assert customer.history()[-1]["rating"] == "down"
    with customer.rated():
        customer.button("Not helpful").click()
    customer.reload()
    expect(customer.button("Not helpful")).to_have_attribute("aria-pressed", "false")
    assert customer.history()[-1]["rating"] is None


@pytest.mark.parametrize(
    "text",
    ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "[a](javascript:alert(1)) javascript:alert(2)"],
)
def test_markup_in_a_message_is_shown_as_text_and_runs_nothing(visit: Visit, text: str) -> None:
    customer = visit()
    dialogs: list[str] = []
    customer.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    customer.open()
    customer.ask(text)
    expect(customer.said).to_have_text([text])
    customer.reload()
    expect(customer.said).to_have_text([text])
    expect(customer.chat.locator(".log img, .log script, .log a[href^='javascript']")).to_have_count(0)
    assert dialogs == []
    customer.shot("markup")


def test_everything_can_be_done_with_the_keyboard_alone(visit: Visit) -> None:
    customer = visit()
    keyboard = customer.page.keyboard
    customer.launcher.focus()
    keyboard.press("Enter")
    expect(customer.composer).to_be_focused()
    keyboard.type(ASKED)
    keyboard.press("Enter")
    expect(customer.replies).to_have_count(1, timeout=20_000)
    expect(customer.composer).to_be_focused()
    _press_until_focused(customer.newest.get_by_role("link").last, keyboard, "Shift+Tab")
    _press_until_focused(customer.button("Helpful"), keyboard, "Tab")
    with customer.rated():
        keyboard.press("Space")
    expect(customer.button("Helpful")).to_have_attribute("aria-pressed", "true")
    customer.shot("keyboard")
    keyboard.press("Escape")
    expect(customer.panel).to_be_hidden()
    expect(customer.launcher).to_be_focused()


def _press_until_focused(place: Locator, keyboard: Keyboard, key: str) -> None:
    for _ in range(15):
        if place.evaluate("(one) => one.getRootNode().activeElement === one"):
            return
        keyboard.press(key)
    pytest.fail(f"{key} does not lead there")
