"""The host site's word for its logged-in users: believed when signed, fresh, complete and new; otherwise refused."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from tests.gateway.chat import Customer
from tests.gateway.conftest import Gateway

SECRET = "what-the-host-site-and-we-both-know-" + "0123456789" * 4
Start = Callable[..., Gateway]


@pytest.fixture
def site(start_gateway: Start) -> Gateway:
    return start_gateway(IDENTITY_SECRET=SECRET)


def identity(customer: str, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """As the host site's own server would make it; a claim that is None is left out."""
    now = int(time.time())
    all_claims = {"sub": customer, "iat": now, "exp": now + 300, "jti": uuid4().hex, **claims}
    return jwt.encode({k: v for k, v in all_claims.items() if v is not None}, secret, algorithm=algorithm)


def begin(gateway: Gateway, token: str) -> httpx.Response:
    body = {"transport": "bearer", "identity": token}
    return httpx.post(f"{gateway.address}/chat/v1/session", json=body, trust_env=False)


def test_a_customer_finds_the_conversation_on_every_device(site: Gateway, question: str) -> None:
    who = uuid4().hex
    with Customer(site.address, identity=identity(who)) as phone:
        phone.ask(question)
    with Customer(site.address, identity=identity(who)) as laptop:
        assert laptop.session["messages"][0]["text"] == question
        assert laptop.session["customer"] == who


def test_the_dialogue_learns_the_address_that_the_site_vouches_for(site: Gateway, question: str) -> None:
    with Customer(site.address, identity=identity(uuid4().hex, email="ann@mail.example.com")) as customer:
        customer.ask(question)
    assert site.rasa.heard_text(question)[0]["metadata"]["customer_email"] == "ann@mail.example.com"


def test_an_anonymous_customer_has_no_address(site: Gateway, question: str) -> None:
    with Customer(site.address) as customer:
        customer.ask(question)
    assert "customer_email" not in site.rasa.heard_text(question)[0]["metadata"]


def test_two_customers_on_one_browser_do_not_see_each_other(site: Gateway, question: str) -> None:
    with Customer(site.address, identity=identity("ann")) as ann:
        ann.ask(question)
        with Customer(site.address, token=ann.token, identity=identity("bea")) as bea:
            assert (bea.session["customer"], bea.session["messages"]) == ("bea", [])


def test_after_logging_out_the_conversation_is_not_shown(site: Gateway, question: str) -> None:
    with Customer(site.address, identity=identity(uuid4().hex)) as customer:
        customer.ask(question)
        with Customer(site.address, token=customer.token) as nobody:
            assert (nobody.session["resumed"], nobody.session["messages"]) == (False, [])


def test_an_anonymous_conversation_is_not_given_to_who_logs_in(site: Gateway, question: str) -> None:
    with Customer(site.address) as before:
        before.ask(question)
        with Customer(site.address, token=before.token, identity=identity(uuid4().hex)) as after:
            assert after.session["messages"] == []


def test_an_identity_works_once(site: Gateway) -> None:
    token = identity(uuid4().hex)
    assert begin(site, token).status_code == 200
    replayed = begin(site, token)
    assert (replayed.status_code, replayed.json()["code"]) == (409, "used")


now = time.time
WRONG: dict[str, Callable[[], str]] = {
    "another secret": lambda: identity("ann", secret="x" * 80),
    "another algorithm": lambda: identity("ann", algorithm="HS512"),
    "no signature": lambda: jwt.encode({"sub": "ann", "iat": 1, "exp": 9e9, "jti": "1"}, "", algorithm="none"),
    "expired": lambda: identity("ann", iat=int(now()) - 900, exp=int(now()) - 600),
    "from the future": lambda: identity("ann", iat=int(now()) + 600, exp=int(now()) + 900),
    "valid for too long": lambda: identity("ann", exp=int(now()) + 86_400),
    "without an id": lambda: identity("ann", jti=None),
    "without an end": lambda: identity("ann", exp=None),
    "without a customer": lambda: identity("", sub=None),
    "an empty customer": lambda: identity(""),
    "an endless customer": lambda: identity("x" * 300),
    "an address that is none": lambda: identity("ann", email=7),
    "nonsense": lambda: "nonsense",
    "nothing": lambda: "",
    "too much": lambda: "x" * 3_000,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_identity_is_refused_with_its_reason(site: Gateway, wrong: str) -> None:
    refused = begin(site, WRONG[wrong]())
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_request")
    assert refused.json()["message"].startswith("The identity of the logged-in user is not valid: ")
    assert SECRET not in refused.text and "token" not in refused.json()


def test_without_a_secret_no_identity_is_believed(gateway: Gateway) -> None:
    assert "IDENTITY_SECRET" in begin(gateway, identity("ann")).json()["message"]


def test_a_first_login_resumes_nothing(site: Gateway, question: str) -> None:
    """Also for a browser that holds an anonymous conversation: the page must not take one for the other."""
    with Customer(site.address) as anonymous:
        anonymous.ask(question)
        for token in (None, anonymous.token):
            with Customer(site.address, token=token, identity=identity(uuid4().hex)) as customer:
                assert (customer.session["resumed"], customer.session["messages"]) == (False, [])


def test_the_voucher_stands_for_the_identity_in_a_next_conversation(site: Gateway, question: str) -> None:
    who = uuid4().hex
    with Customer(site.address, identity=identity(who, email="ann@mail.example.com")) as customer:
        customer.ask(question)
        voucher = customer.session["voucher"]
        with Customer(site.address, token=customer.token, identity=voucher) as same:
            assert (same.session["resumed"], len(same.history())) == (True, 2)
        customer.http.delete("/session").raise_for_status()
        with Customer(site.address, token=customer.token, identity=voucher) as following:
            assert (following.session["resumed"], following.session["messages"]) == (False, [])
            following.ask(question)
    with Customer(site.address, identity=identity(who)) as elsewhere:
        assert len(elsewhere.session["messages"]) == 2
    assert site.rasa.heard_text(question)[-1]["metadata"]["customer_email"] == "ann@mail.example.com"


@pytest.mark.parametrize("forged", ["fd.", "fd.nonsense", "fd.WyJhbm4iLG51bGxd.aaaa.bbbb"])
def test_a_forged_voucher_is_refused(site: Gateway, forged: str) -> None:
    assert begin(site, forged).status_code == 422


def test_an_anonymous_customer_gets_no_voucher(site: Gateway) -> None:
    with Customer(site.address) as customer:
        assert customer.session["voucher"] is None


def test_an_address_that_is_none_is_refused(site: Gateway) -> None:
    refused = begin(site, identity(uuid4().hex, email="not an email"))
    assert refused.status_code == 422 and "name@example.com" in refused.json()["message"]
