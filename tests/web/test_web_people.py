"""A customer and a person of the support team."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from playwright.sync_api import expect

from tests.town import IDENTITY_SECRET, Town
from tests.web.conftest import Visit
from tests.web.shop import Shop

pytestmark = pytest.mark.timeout(300)


def test_a_person_is_asked_for_joins_writes_and_leaves_before_the_customers_eyes(visit: Visit, town: Town) -> None:
    customer = visit()
    customer.open()
    customer.ask("How do I restore a single file?")
    before = waiting(town)
    customer.button("Talk to a person").click()
    note = customer.chat.locator(".note")
    expect(note).to_have_text(["You asked for a person. Somebody will answer here."])
    expect(customer.replies).to_have_count(2)
    (conversation,) = waiting(town) - before

    town.frontdesk("conversations", "join", conversation, "--name", "Mara")
    expect(note.last).to_have_text("Mara from support joined")
    town.frontdesk("conversations", "say", conversation, "Hello, this is Mara. Which file is it?")
    said = customer.chat.locator(".line.person")
    expect(said).to_contain_text("Hello, this is Mara. Which file is it?")
    expect(said.locator(".name")).to_have_text("Mara")
    customer.say("harbour-plan.pdf")
    expect(customer.said.last).to_have_text("harbour-plan.pdf")
    customer.shot("person")

    assert customer.replies.count() == 2  # the assistant keeps silent while Mara is there

    town.frontdesk("conversations", "leave", conversation)
    expect(note.last).to_have_text("Mara from support left. The assistant answers again.")
    expect(customer.replies).to_have_count(3, timeout=20_000)  # what Mara left unanswered is answered after all
    customer.ask("How do I restore a single file?")


def test_an_offer_is_taken_up_with_one_press(visit: Visit, town: Town) -> None:
    customer = visit()
    customer.open()
    expect(customer.ask("Can Harborlight print my photos on canvas?")).to_contain_text("I don't know")
    before = waiting(town)
    customer.button("Yes, please").click()
    expect(customer.said.last).to_have_text("Yes, please")
    expect(customer.chat.locator(".note")).to_have_text(["You asked for a person. Somebody will answer here."])
    assert len(waiting(town) - before) == 1
    expect(customer.button("Yes, please")).to_have_count(0)
    customer.shot("offer")


def waiting(town: Town) -> set[str]:
    listed = json.loads(town.frontdesk("conversations", "waiting", "--json").stdout)
    return {one["id"] for one in listed["conversations"]}


def test_a_logged_in_customer_finds_the_conversation_in_another_browser(visit: Visit, shop: Shop) -> None:
    customer = f"customer-{uuid4().hex}"
    shop.identity = lambda: identity_of(customer)
    at_work = visit(shop.address)
    at_work.open()
    at_work.ask("How do I restore a single file?")
    at_home = visit(shop.address)
    at_home.open()
    expect(at_home.said).to_have_text(["How do I restore a single file?"])
    expect(at_home.replies).to_have_count(1)
    at_home.shot("at-home")
    shop.identity = lambda: identity_of(f"somebody-{uuid4().hex}")
    stranger = visit(shop.address)
    stranger.open()
    expect(stranger.said).to_have_count(0)


def test_who_logs_in_while_chatting_goes_on_in_a_conversation_of_their_own(visit: Visit, shop: Shop) -> None:
    customer = visit(shop.address)
    customer.open()
    customer.ask("How do I restore a single file?")
    customer.chat.evaluate("(chat, token) => { chat.identity = token; }", identity_of(f"customer-{uuid4().hex}"))
    expect(customer.said).to_have_count(0)
    customer.ask("How long are deleted files kept on the Solo plan?")
    expect(customer.said).to_have_text(["How long are deleted files kept on the Solo plan?"])


def test_who_is_logged_in_stays_so_in_the_next_conversation(visit: Visit, shop: Shop) -> None:
    name = f"customer-{uuid4().hex}"
    shop.identity = lambda: identity_of(name)
    customer = visit(shop.address)
    customer.open()
    customer.ask("How do I restore a single file?")
    customer.button("New conversation").click()
    customer.chat.locator(".confirm").get_by_role("button").first.click()
    expect(customer.said).to_have_count(0)
    customer.ask("Do schools get a discount?")
    customer.reload()
    expect(customer.said).to_have_text(["Do schools get a discount?"])


def identity_of(customer: str) -> str:
    now = datetime.now(UTC)
    claims = {"sub": customer, "iat": now, "exp": now + timedelta(minutes=5), "jti": uuid4().hex}
    return jwt.encode(claims, IDENTITY_SECRET, algorithm="HS256")
