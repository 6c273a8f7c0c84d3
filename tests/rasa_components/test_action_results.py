"""The check of action results that is made once is as strict as Rasa's own."""

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from rasa_components.action_results import validate_action_result

GOOD = [
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "offer", "value": "none", "timestamp": None}], "responses": [{"text": "hi"}]},
]
BAD = [
    {"events": "none"},
    {"responses": ["text"]},
    {"events": [{"event": "slot"}]},
    {"events": [{"event": "dance"}]},
    [],
]


def remote() -> RemoteAction:
    return RemoteAction("action_answer_question", None)


def test_rasa_uses_our_check() -> None:
    assert RemoteAction._validate_action_result is validate_action_result


@pytest.mark.parametrize("result", GOOD)
def test_an_agreed_result_passes(result) -> None:
    assert validate_action_result(remote(), result)


@pytest.mark.parametrize("result", BAD)
def test_another_result_is_refused(result) -> None:
    with pytest.raises(ValidationError):
        validate_action_result(remote(), result)
