"""The chat on a page of another site."""

import pytest
from playwright.sync_api import Request, expect

from tests.town import Town
from tests.web.conftest import Visit
from tests.web.shop import Shop, open_shop

pytestmark = pytest.mark.timeout(300)


def test_a_page_on_the_allow_list_gets_answers_and_finds_them_again_without_any_cookie(
    visit: Visit, shop: Shop
) -> None:
    customer = visit(shop.address)
    customer.open()
    expect(customer.ask("How do I restore a single file?")).to_contain_text("Reviewed answer")
    customer.reload()
    expect(customer.said).to_have_text(["How do I restore a single file?"])
    expect(customer.replies).to_have_count(1)
    assert customer.page.context.cookies() == []
    customer.shot("elsewhere")


@pytest.mark.outage
def test_a_page_that_is_not_on_the_allow_list_says_so_and_its_messages_are_not_taken(visit: Visit, town: Town) -> None:
    with open_shop(town.url("gateway")) as stranger:
        customer = visit(stranger.address)
        sent: list[Request] = []
        customer.page.on("request", lambda request: sent.append(request) if "/messages" in request.url else None)
        customer.launcher.click()
        expect(customer.chat.locator(".connection")).to_have_text("The chat isn't available on this page.")
        customer.shot("not-allowed")
        told = [said for said in customer.console if "ALLOWED_ORIGINS" in said]
        assert told and stranger.address in told[0]
        if customer.composer.is_enabled():
            customer.say("How do I restore a single file?")
            expect(customer.chat.locator(".not-sent")).to_be_visible()
        assert sent == []
        expect(customer.replies).to_have_count(0)
        customer.console.clear()  # the browser's own words about CORS
