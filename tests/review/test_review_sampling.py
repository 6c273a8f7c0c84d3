"""The sample: by chance, the same turns every time, at the wanted rate."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from review.sampling import first_messages, in_sample, message_id
from tests.review.conftest import Shop

RATES = st.floats(0, 1)
Z99 = 2.5758


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("form", ["web-{:06x}:{}", "t-{:012d}", "{}"])
def test_the_share_in_the_sample_is_the_wanted_one(rate: float, form: str) -> None:
    count = 100_000
    share = sum(in_sample(form.format(number, number), rate) for number in range(count)) / count
    assert abs(share - rate) <= Z99 * sqrt(rate * (1 - rate) / count)


@given(id=st.text(), rate=RATES)
def test_a_message_is_in_the_sample_always_or_never(id: str, rate: float) -> None:
    assert in_sample(id, rate) == in_sample(id, rate)


@given(id=st.text(), rates=st.tuples(RATES, RATES))
def test_a_higher_rate_only_adds(id: str, rates: tuple[float, float]) -> None:
    assert in_sample(id, min(rates)) <= in_sample(id, max(rates))


@given(id=st.text())
def test_none_and_all_are_rates_too(id: str) -> None:
    assert (in_sample(id, 0.0), in_sample(id, 1.0)) == (False, True)


def test_a_turn_goes_by_its_first_message_or_by_itself(engine: Engine, shop: Shop) -> None:
    kept, lost = shop.turn(conversation="web-a"), shop.turn(with_message=False)
    with engine.connect() as connection:
        found = first_messages(connection, [kept, lost])
    assert list(found) == [kept]
    assert message_id("web-a", kept, found[kept]) == f"web-a:{found[kept]}"
    assert message_id("web-b", lost, found.get(lost)) == f"web-b:{lost}"
