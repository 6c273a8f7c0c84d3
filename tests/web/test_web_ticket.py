"""A ticket is opened with the form in the chat."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Visit

pytestmark = pytest.mark.timeout(300)
NUMBER = re.compile(r"T-\d{6}")


def test_a_ticket_form_is_sent_with_a_mistake_and_its_correction_and_gives_a_number(visit: Visit) -> None:
    customer = visit()
    customer.open()
    customer.ask("I want to open a ticket")
    email = customer.form.get_by_label("e-mail")
    expect(email).to_be_focused()
    email.fill("ines@brightfern..example")
    customer.form.get_by_label("What is it about?").select_option("Backup")
    customer.form.get_by_label("What happens").fill("The backup stops at 97 percent every night.")
    customer.form.get_by_label("How pressing").select_option(label="High: it holds me up")
    customer.shot("form")
    customer.button("Send ticket").click()
    expect(email).to_have_attribute("aria-invalid", "true", timeout=20_000)
    expect(email).to_have_accessible_description(re.compile("e-mail address"))
    expect(email).to_be_focused()
    expect(customer.form.get_by_label("What happens")).to_have_value("The backup stops at 97 percent every night.")
    customer.shot("form-error")
    email.fill("ines@brightfern.example")
    customer.button("Send ticket").click()
    expect(customer.newest).to_contain_text(NUMBER, timeout=20_000)
    expect(customer.form).to_have_count(0)
    number = NUMBER.search(customer.newest.inner_text())
    assert number
    expect(customer.ask(f"what about {number[0]}?")).to_contain_text(number[0])
    customer.shot("ticket")


def test_a_mistake_that_the_page_sees_is_told_without_asking_the_server(visit: Visit) -> None:
    customer = visit()
    customer.open()
    customer.ask("I want to open a ticket")
    customer.form.get_by_label("e-mail").fill("ines at brightfern")
    customer.button("Send ticket").click()
    expect(customer.form.locator(".error")).to_contain_text("name@example.com")
    expect(customer.form.get_by_label("e-mail")).to_be_focused()
    assert len(customer.history()) == 2


def test_the_form_is_put_away_with_cancel(visit: Visit) -> None:
    customer = visit()
    customer.open()
    customer.ask("I want to open a ticket")
    customer.form.get_by_role("button", name="Cancel").click()
    expect(customer.replies).to_have_count(2, timeout=20_000)
    expect(customer.form).to_have_count(0)
