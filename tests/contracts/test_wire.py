"""Wire models: frozen, closed to unknown fields, the same after a trip through JSON."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts import wire
from contracts.wire import Audience, DraftPassage, Evidence, Passage, PassageKind, SearchRequest, Wire

MODELS = [kind for kind in vars(wire).values() if isinstance(kind, type) and issubclass(kind, Wire)]
MOMENT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("model", MODELS)
def test_every_wire_model_is_frozen_and_closed(model: type[Wire]) -> None:
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("extra") == "forbid"


def test_a_wire_model_cannot_be_changed() -> None:
    request = SearchRequest(question="how do I restore a file?")
    with pytest.raises(ValidationError, match="frozen"):
        request.k = 9  # type: ignore[misc]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        SearchRequest.model_validate({"question": "how?", "limit": 5})


@pytest.mark.parametrize(
    "body", [{"question": ""}, {"question": "x" * 4_001}, {"question": "x", "k": 0}, {"question": "x", "k": 21}]
)
def test_a_search_outside_the_limits_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SearchRequest.model_validate(body)


def test_an_empty_passage_cannot_be_drafted_from() -> None:
    with pytest.raises(ValidationError, match="at least 1 character"):
        DraftPassage(id="faq:1", text="")


def test_passages_are_public_unless_said_otherwise() -> None:
    assert SearchRequest(question="x").audience is Audience.PUBLIC
    assert {audience.value for audience in Audience} == {"public", "internal"}


@given(question=st.text(min_size=1, max_size=200), k=st.integers(1, 20), kinds=st.sets(st.sampled_from(PassageKind)))
def test_a_search_survives_the_wire(question: str, k: int, kinds: set[PassageKind]) -> None:
    request = SearchRequest(question=question, k=k, kinds=tuple(kinds))
    assert SearchRequest.model_validate_json(request.model_dump_json()) == request


def test_a_passage_keeps_its_times_on_the_wire() -> None:
    passage = Passage(
        id="faq:1",
        kind=PassageKind.FAQ,
        title="t",
        text="x",
        url="",
        source="faqs",
        updated_at=MOMENT,
        synced_at=MOMENT,
    )
    assert Passage.model_validate_json(passage.model_dump_json()).updated_at == MOMENT


def test_two_pieces_of_evidence_share_no_thresholds() -> None:
    one, other = (Evidence(decision=wire.Decision.UNKNOWN, question="x") for _ in range(2))
    assert one.thresholds is not other.thresholds
