"""The error tree: codes and statuses are what clients and dashboards rely on."""

import pytest

from contracts import errors
from contracts.errors import BadRequest, Busy, DeadlinePassed, FrontdeskError, NotFound, TooLarge, Unavailable

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FrontdeskError)]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in TREE]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", TREE)
def test_an_error_speaks_its_message(kind: type[FrontdeskError]) -> None:
    assert str(kind("Something is off.")) == "Something is off."


@pytest.mark.parametrize(("kind", "status"), [(TooLarge, 413), (NotFound, 404), (BadRequest, 422)])
def test_errors_of_the_caller_are_in_the_four_hundreds(kind: type[FrontdeskError], status: int) -> None:
    assert kind.status == status
    assert issubclass(kind, BadRequest)


@pytest.mark.parametrize("kind", [Busy, DeadlinePassed, errors.NeighbourDown, errors.NeighbourLied])
def test_errors_of_a_neighbour_are_in_the_five_hundreds(kind: type[FrontdeskError]) -> None:
    assert 500 < kind.status < 600
    assert issubclass(kind, Unavailable)


def test_busy_says_when_to_ask_again() -> None:
    assert Busy("The queue is full.", retry_after=7).retry_after == 7
    assert Busy("The queue is full.").retry_after == 1
