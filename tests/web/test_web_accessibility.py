"""Every state of the chat for every customer: axe-core finds nothing, and nothing sticks out of the screen."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.web.conftest import PHONE, Visit
from tests.web.visitor import Visitor

pytestmark = pytest.mark.timeout(300)
ASKED = "How do I restore a single file?"
Violations = Callable[[Visitor], list[str]]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2},
    "phone-dark": {"viewport": PHONE, "has_touch": True, "is_mobile": True, "color_scheme": "dark"},
    "still": {"reduced_motion": "reduce"},
    "forced-colours": {"forced_colors": "active", "color_scheme": "dark"},
    "zoomed": {"viewport": {"width": 320, "height": 568}},  # 1280 pixels at 400 %, WCAG 1.4.10
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_demo_page_an_answer_and_the_reasons_have_no_violation(
    visit: Visit, violations: Violations, look: str
) -> None:
    customer = visit(**LOOKS[look])
    assert violations(customer) == []
    customer.shot(f"{look}-closed")
    customer.open()
    customer.ask(ASKED)
    assert violations(customer) == []
    customer.shot(f"{look}-answer")
    with customer.rated():
        customer.button("Not helpful").click()
    customer.rest()
    expect(customer.chat.get_by_label("It is wrong")).to_be_in_viewport()
    assert violations(customer) == []
    assert customer.overflow() == 0
    customer.shot(f"{look}-reasons")


@pytest.mark.parametrize("look", ["light", "dark", "phone", "forced-colours"])
def test_the_ticket_form_and_its_errors_have_no_violation(visit: Visit, violations: Violations, look: str) -> None:
    customer = visit(**LOOKS[look])
    customer.open()
    customer.ask("I want to open a ticket")
    assert violations(customer) == []
    customer.shot(f"{look}-form")
    customer.form.get_by_label("e-mail").fill("ines@brightfern..example")
    customer.button("Send ticket").click()
    expect(customer.form.locator("#field-email-error")).to_be_visible(timeout=20_000)
    assert violations(customer) == []
    assert customer.overflow() == 0
    customer.shot(f"{look}-form-error")


def test_on_a_phone_the_panel_takes_the_whole_screen_and_its_launcher_can_be_reached(visit: Visit) -> None:
    customer = visit(**LOOKS["phone"])
    closed = customer.launcher.bounding_box()
    assert (
        closed and closed["x"] + closed["width"] <= PHONE["width"] and closed["y"] + closed["height"] <= PHONE["height"]
    )
    assert min(closed["width"], closed["height"]) >= 44
    customer.open()
    customer.rest()
    assert customer.panel.bounding_box() == {"x": 0, "y": 0, **PHONE}
    customer.ask(ASKED)
    assert customer.overflow() == 0
    customer.panel.get_by_role("button", name="Close chat").tap()
    customer.launcher.tap()
    expect(customer.panel).to_be_visible()


def test_a_right_to_left_page_mirrors_the_chat_and_its_words(visit: Visit, violations: Violations) -> None:
    for viewport in ({"width": 1280, "height": 800}, PHONE):
        customer = visit(viewport=viewport)
        customer.chat.evaluate("(chat) => chat.setAttribute('lang', 'ar')")
        box = customer.launcher.bounding_box()
        assert box and box["x"] < 60
        customer.launcher.click()
        expect(customer.chat.locator(".frontdesk")).to_have_attribute("dir", "rtl")
        customer.chat.locator(".composer textarea").fill(ASKED)
        customer.chat.locator(".composer textarea").press("Enter")
        expect(customer.replies).to_have_count(1, timeout=20_000)
        assert violations(customer) == []
        assert customer.overflow() == 0
        customer.shot(f"rtl-{viewport['width']}")


def test_who_wants_no_motion_gets_none(visit: Visit) -> None:
    customer = visit(**LOOKS["still"])
    customer.open()
    customer.say(ASKED)
    expect(customer.chat.locator(".dots")).to_be_visible()
    moving = customer.page.evaluate("""() => document.querySelector("frontdesk-chat").shadowRoot.getAnimations()
        .filter((one) => one.playState === "running" && one.effect.getComputedTiming().duration > 10).length""")
    assert moving == 0
    expect(customer.replies).to_have_count(1, timeout=20_000)
