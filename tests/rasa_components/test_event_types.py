"""Classes of events are found as Rasa finds them, and without its walk."""

import pytest
import rasa.utils.common
from rasa.shared.core.events import Event, SlotSet, UserUttered

from rasa_components import event_types


def test_rasa_uses_our_function() -> None:
    assert Event.resolve_by_type is event_types.resolve_by_type


def test_every_event_class_is_found_as_rasa_finds_it() -> None:
    classes = {cls for cls in rasa.shared.utils.common.all_subclasses(Event) if cls.type_name}
    assert {UserUttered, SlotSet} <= classes
    for name in {cls.type_name for cls in classes}:
        assert event_types.resolve_by_type(name) is event_types._walk(name)


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(event_types, "_known", {})
    monkeypatch.setattr(event_types, "_walk", lambda name, default: asked.append(name) or SlotSet)
    assert [event_types.resolve_by_type("slot") for _ in range(3)] == [SlotSet] * 3
    assert asked == ["slot"]


def test_topic_unknown_and_default_are_as_in_rasa() -> None:
    assert event_types.resolve_by_type("topic") is None
    assert event_types.resolve_by_type("dance", SlotSet) is SlotSet
    with pytest.raises(ValueError, match="dance"):
        event_types.resolve_by_type("dance")
