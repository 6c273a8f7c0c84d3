"""NUL characters before PostgreSQL, which can store none: refused or left out, never an error of the database."""

from collections.abc import Callable

import httpx

from contracts.database import open_engine
from knowledge.store.migrate import migrate
from tests.gateway.chat import Customer
from tests.gateway.conftest import OPERATOR, Gateway


def test_nul_is_no_error_of_the_database(start_gateway: Callable[..., Gateway], postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    migrate(engine)
    engine.dispose()
    gateway = start_gateway(DATABASE_URL=postgres_url)
    operator = httpx.Client(
        base_url=f"{gateway.address}/operator/v1/conversations", trust_env=False,
        headers={"Authorization": f"Bearer {OPERATOR}"},
    )  # fmt: skip
    with Customer(gateway.address) as customer, operator:
        turn = customer.ask("how do I restore\x00 one file?")["turn_id"]
        conversation = gateway.rasa.heard[-1]["sender"]
        rated = {"value": "down", "comment": "no\x00 use"}
        assert customer.http.put(f"/turns/{turn}/rating", json=rated).status_code == 204
        assert customer.http.put("/turns/a%00b/rating", json=rated).status_code == 422
        assert customer.http.delete("/turns/a%00b/rating").status_code == 422
        assert operator.get("/a%00b/messages").status_code == 422
        assert operator.post(f"/{conversation}/join", json={"name": "Ma\x00ra"}).status_code == 422
        assert operator.post(f"/{conversation}/join", json={"name": "Mara"}).status_code == 204
        assert operator.post(f"/{conversation}/say", json={"text": "\x00"}).status_code == 422
