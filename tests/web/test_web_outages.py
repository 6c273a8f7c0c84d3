"""A customer while processes die. The supervisor starts them again."""

import re
import sqlite3
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.town import Town
from tests.web.conftest import Visit

pytestmark = [pytest.mark.timeout(300), pytest.mark.outage]
ASKED = "How do I restore a single file?"
MANY = 20


@pytest.fixture(autouse=True)
def whole_again(town: Town) -> Iterator[None]:
    yield
    town.wait_ready()


def test_without_the_generator_there_is_still_a_sentence(visit: Visit, town: Town) -> None:
    customer = visit()
    customer.open()
    town.kill("generator")
    reply = customer.ask("Can my neighbour and I share one plan for our two photo studios?")
    expect(reply.locator(".text")).not_to_be_empty()
    expect(reply.locator(".turn")).to_have_count(0)  # no failure, the customer needs no reference
    customer.shot("no-generator")


def test_without_rasa_the_turn_is_named_and_try_again_works_when_it_is_back(visit: Visit, town: Town) -> None:
    customer = visit()
    customer.open()
    customer.ask(ASKED)
    town.kill("rasa")
    failed = customer.ask("How long are deleted files kept on the Solo plan?")
    expect(failed.locator(".text")).not_to_be_empty()
    expect(failed.locator(".turn")).to_have_text(re.compile(r"Reference t-\w+"))
    customer.shot("no-rasa")
    town.wait_ready()
    customer.button("Try again").click()
    expect(customer.replies).to_have_count(3, timeout=20_000)
    expect(customer.newest.get_by_role("link").first).to_be_visible()
    expect(customer.button("Try again")).to_have_count(0)
    customer.shot("tried-again")


def test_what_is_said_without_the_gateway_is_sent_once_when_it_is_back(visit: Visit, town: Town) -> None:
    customer = visit()
    customer.open()
    customer.ask(ASKED)
    town.kill("gateway")
    customer.say("Do you keep deleted files?")
    expect(customer.chat.locator(".not-sent")).to_contain_text("Not sent")
    customer.shot("no-gateway")
    town.wait_ready()
    expect(customer.replies).to_have_count(2, timeout=40_000)
    expect(customer.chat.locator(".not-sent")).to_have_count(0)
    assert [m["text"] for m in customer.history() if m["author"] == "customer"] == [ASKED, "Do you keep deleted files?"]
    customer.shot("gateway-again")


def test_twenty_messages_in_a_rush_are_all_shown_in_order_and_answered_and_none_twice(visit: Visit) -> None:
    customer = visit()
    customer.open()
    texts = [f"Question {number} {uuid4().hex[:6]}: how do I restore one file?" for number in range(MANY)]
    for text in texts:
        customer.say(text)
    expect(customer.said).to_have_text(texts)
    customer.page.wait_for_function(
        "() => !document.querySelector('frontdesk-chat').shadowRoot.querySelector('.dots')", timeout=60_000
    )
    expect(customer.chat.locator(".not-sent")).to_have_count(0)
    customer.shot("rush")
    ends = time.monotonic() + 20
    while True:  # the page may show a reply that came after the history was read
        history = customer.history()
        replies = [m for m in history if m["author"] == "assistant"]
        if len(replies) == customer.replies.count() or time.monotonic() > ends:
            break
    assert [m["text"] for m in history if m["author"] == "customer"] == texts
    assert history[-1]["author"] == "assistant"
    assert {m["status"] for m in replies} == {"answered"}
    assert len({m["turn_id"] for m in replies}) == len(replies) == customer.replies.count()
    assert [m["id"] for m in history] == sorted({m["id"] for m in history})


def test_a_moment_without_a_network_is_made_up_for(visit: Visit) -> None:
    customer = visit()
    customer.open()
    customer.ask(ASKED)
    customer.page.context.set_offline(True)
    customer.say("Do you keep deleted files?")
    expect(customer.chat.locator(".not-sent")).to_be_visible()
    customer.page.wait_for_timeout(1_500)
    customer.page.context.set_offline(False)
    expect(customer.replies).to_have_count(2, timeout=20_000)
    expect(customer.chat.locator(".connection")).to_have_text("")
    assert [m["text"] for m in customer.history() if m["author"] == "customer"] == [ASKED, "Do you keep deleted files?"]


@pytest.mark.parametrize("away", ["rasa", "actions"])
def test_a_form_that_could_not_be_delivered_comes_again_as_it_was_filled_in_and_opens_one_ticket(
    visit: Visit, town: Town, away: str
) -> None:
    customer = visit()
    customer.open()
    customer.ask("I want to open a ticket")
    customer.form.get_by_label("e-mail").fill("ines@brightfern.example")
    customer.form.get_by_label("What is it about?").select_option("Backup")
    customer.form.get_by_label("What happens").fill(f"The backup stops, {uuid4().hex}.")
    customer.form.get_by_label("How pressing").select_option("high")
    with town.paused(away):
        customer.button("Send ticket").click()
        expect(customer.replies).to_have_count(2, timeout=20_000)
    expect(customer.form.get_by_label("e-mail")).to_have_value("ines@brightfern.example")
    expect(customer.form.get_by_label("What happens")).to_have_value(re.compile("The backup stops"))
    customer.shot(f"form-again-{away}")
    town.wait_ready()
    customer.page.wait_for_timeout(2_000)
    customer.button("Send ticket").click()
    expect(customer.newest).to_contain_text(re.compile(r"Your ticket is T-\d{6}"), timeout=20_000)
    with sqlite3.connect(town.var / "frontdesk.db") as database:
        (opened,) = database.execute(
            "SELECT count(*) FROM tickets WHERE conversation_id ="
            " (SELECT conversation_id FROM messages ORDER BY id DESC LIMIT 1)"
        ).fetchone()
    database.close()
    assert opened == 1
