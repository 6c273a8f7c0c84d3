"""Pictures for the documentation: FRONTDESK_SCREENSHOTS=1 pytest tests/web/test_web_screenshots.py

They are written to reports/web/.
"""

import os

import pytest
from playwright.sync_api import expect

from frontdesk.settings import ROOT
from tests.town import Town
from tests.web.conftest import PHONE, Visit
from tests.web.test_web_people import waiting

FOLDER = ROOT / "reports" / "web"
LARGEST = 150_000
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.outage,
    pytest.mark.skipif(os.environ.get("FRONTDESK_SCREENSHOTS") != "1", reason="only for FRONTDESK_SCREENSHOTS=1"),
]
ASKED = "How do I restore a single file?"


@pytest.fixture
def take(visit: Visit) -> Visit:
    """A visitor whose pictures are kept."""

    def arrive(**options: object):  # type: ignore[no-untyped-def]
        visitor = visit(reduced_motion="reduce", **options)
        FOLDER.mkdir(parents=True, exist_ok=True)
        visitor.shots = FOLDER
        return visitor

    return arrive


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("answer", {}),
        ("answer-dark", {"color_scheme": "dark"}),
        ("answer-phone", {"viewport": PHONE}),
        ("answer-forced-colours", {"forced_colors": "active"}),
    ],
)
def test_an_answer(take: Visit, name: str, options: dict[str, object]) -> None:
    customer = take(**options)
    customer.open()
    customer.ask(ASKED)
    assert customer.shot(f"{name}.jpg").stat().st_size < LARGEST


def test_the_ticket_form_with_a_mistake(take: Visit) -> None:
    customer = take(viewport=PHONE)
    customer.open()
    customer.ask("I want to open a ticket")
    customer.form.get_by_label("e-mail").fill("ines@brightfern..example")
    customer.form.get_by_label("What is it about?").select_option("Backup")
    customer.button("Send ticket").click()
    expect(customer.form.locator("#field-email-error")).to_be_visible(timeout=20_000)
    assert customer.shot("ticket-form.jpg").stat().st_size < LARGEST


def test_a_person_answers(take: Visit, town: Town) -> None:
    customer = take(viewport=PHONE, color_scheme="dark")
    customer.open()
    before = waiting(town)
    customer.button("Talk to a person").click()
    expect(customer.replies).to_have_count(1, timeout=20_000)
    (conversation,) = waiting(town) - before
    town.frontdesk("conversations", "join", conversation, "--name", "Mara")
    town.frontdesk("conversations", "say", conversation, "Hello, this is Mara. What can I do for you?")
    expect(customer.chat.locator(".line.person")).to_be_visible()
    assert customer.shot("person.jpg").stat().st_size < LARGEST


def test_a_message_that_waits_for_the_connection(take: Visit) -> None:
    customer = take(viewport=PHONE)
    customer.open()
    customer.ask(ASKED)
    customer.page.context.set_offline(True)
    customer.say("And a whole folder?")
    expect(customer.chat.locator(".not-sent")).to_be_visible()
    assert customer.shot("offline.jpg").stat().st_size < LARGEST
    customer.page.context.set_offline(False)


def test_a_page_from_right_to_left(take: Visit) -> None:
    customer = take(viewport=PHONE)
    customer.chat.evaluate("(chat) => chat.setAttribute('lang', 'ar')")
    customer.launcher.click()
    customer.chat.locator(".composer textarea").fill(ASKED)
    customer.chat.locator(".composer textarea").press("Enter")
    expect(customer.replies).to_have_count(1, timeout=20_000)
    assert customer.shot("right-to-left.jpg").stat().st_size < LARGEST
