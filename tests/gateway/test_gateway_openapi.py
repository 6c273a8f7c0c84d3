"""What /chat/openapi.json promises, and what the operators' calls do, held against a running gateway (schemathesis).

Schemathesis reads the description, makes good and bad requests from it, and compares every answer with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI

from gateway import operator_api
from gateway.api import create_app
from gateway.sessions import Sessions
from gateway.settings import Settings
from tests.gateway.chat import Customer
from tests.gateway.conftest import OPERATOR, SECRET, Gateway
from tests.gateway.fake_rasa import gives

# A header or a query of no meaning is ignored, as everywhere on the web.
GENERATION = {"deterministic": True, "database": "none", "allow-extra-parameters": False}
# What a JSON schema can't say: a text needs letters that one can see, an identity a signature.
WELL_FORMED_BUT_REFUSED = {"positive_data_acceptance": {"expected-statuses": ["2xx", 401, 404, 409, 422, 429]}}
CHECKS = {"negative_data_rejection": {"expected-statuses": [400, 401, 404, 405, 413, 422, 429]}}
CONFIG: dict[str, Any] = {
    "seed": 1,
    "generation": {**GENERATION, "max-examples": 25},
    "request-timeout": 20,
    "checks": CHECKS,
    "operations": [
        {"include-path-regex": "/(session|messages|say)$", "include-method": "POST", "checks": WELL_FORMED_BUT_REFUSED},
        # A stream has no end: read for so long, and fewer of them.
        {"include-path": "/chat/v1/events", "request-timeout": 0.5, "generation": {**GENERATION, "max-examples": 8}},
    ],
}


def described(app: FastAPI) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_dict(app.openapi(), config=schemathesis.Config.from_dict(CONFIG))


def operators_app() -> FastAPI:
    """Their calls are in no description that is served; here they are in one."""
    app = FastAPI()
    app.include_router(operator_api.router)
    return app


chat = described(create_app(Settings(session_secret=SECRET, operator_token=OPERATOR)))
operator = described(operators_app())


Case = schemathesis.Case[Any]


@dataclass(frozen=True)
class Known:
    """A conversation with a turn and a person in it."""

    id: str
    token: str
    turn: str


@pytest.fixture(scope="module")
def known(gateway: Gateway) -> Iterator[Known]:
    gateway.rasa.moods["/talk_to_person"] = gives([{"text": "Passed on."}, {"custom": {"person": "asked"}}])
    with Customer(gateway.address) as customer:
        turn = customer.ask("how do I restore one file?")["turn_id"]
        customer.http.post("/person", json={}, headers={"Prefer": "wait"}).raise_for_status()
        yield Known(gateway.rasa.heard[-1]["sender"], customer.token, turn)


def call(case: Case, gateway: Gateway, token: str | None, **path: str) -> None:
    """The good requests name a conversation or a turn that is there, the bad ones whatever comes."""
    if case.path_parameters and case.meta and case.meta.generation.mode.is_positive:
        case.path_parameters = path
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    case.call_and_validate(gateway.address, headers=headers)


@chat.parametrize()
def test_the_chat_keeps_its_description(case: Case, gateway: Gateway, known: Known) -> None:
    ends = (case.method, case.path) == ("DELETE", "/chat/v1/session")
    token = Sessions(SECRET, 1).issue(f"web-{case.id}")[0] if ends else known.token
    call(case, gateway, token, turn_id=known.turn)


@chat.parametrize()
def test_the_chat_keeps_its_description_without_a_token(case: Case, gateway: Gateway) -> None:
    call(case, gateway, None, turn_id="t-1")


@operator.parametrize()
def test_the_operators_calls_keep_theirs(case: Case, gateway: Gateway, known: Known) -> None:
    call(case, gateway, OPERATOR, id=known.id)


@operator.parametrize()
def test_the_operators_calls_refuse_everybody_else(case: Case, gateway: Gateway, known: Known) -> None:
    call(case, gateway, known.token, id=known.id)
