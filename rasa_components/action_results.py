"""Check what the action server answers without checking the rules of the check each time.

Rasa 3.6.21 validates every result of a custom action with `jsonschema.validate`, which first validates the schema
itself against its meta-schema: 57 % of Rasa's time in a turn with an action, as a profile showed. The schema never
changes, so the validator is made once. The check of the result is the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    """True for a result of the agreed shape. Raises jsonschema.ValidationError otherwise, as Rasa's own does."""
    error = best_match(_validator().iter_errors(result))
    if error is not None:
        error.message += ". The action server answered something else than events and responses."
        raise error
    return True


def install() -> None:
    """Take the place of Rasa's method. Called when Rasa imports this package for its components."""
    RemoteAction._validate_action_result = validate_action_result  # type: ignore[method-assign]
