"""The ticket form takes what will do, and says of the rest what is wrong."""

import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from actions.settings import ROOT
from actions.validate_ticket_form import PRODUCTS, SEVERITIES, match
from tests.actions.conftest import Desk, Said

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))


def fill(desk: Desk, slot: str, value: Any) -> Said:
    """What Rasa posts after the customer said `value` where the form asked for `slot`."""
    moment = time.time()
    events = [
        {"event": "action", "name": "action_listen", "timestamp": moment},
        {"event": "user", "text": str(value), "timestamp": moment},
        {"event": "slot", "name": slot, "value": value, "timestamp": moment},
    ]
    return desk.run(
        "validate_ticket_form", str(value), intent="inform", slots={slot: value, "requested_slot": slot},
        events=events, active_loop={"name": "ticket_form"}, domain=DOMAIN,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("slot", "value", "kept"),
    [
        ("email", "ann.lee@mail.example.com", "ann.lee@mail.example.com"),
        ("email", "It's Ann.Lee+x@Mail.Example.COM, thanks", "ann.lee+x@mail.example.com"),
        ("email", ["a@b.example", "c@d.example"], "a@b.example"),
        ("product", "the Windows client", "desktop"),
        ("product", "backup", "backup"),
        ("product", "my invoice is wrong", "billing"),
        ("product", "single sign-on", "admin"),
        ("summary", "  The backup \n stops at 97 %.  ", "The backup stops at 97 %."),
        ("summary", "x" * 2_000, "x" * 2_000),
        ("severity", "URGENT!!", "urgent"),
        ("severity", "not urgent", "low"),
        ("severity", "we can't work", "urgent"),
        ("severity", "medium I guess", "normal"),
        ("severity", "no rush", "low"),
    ],
)
def test_a_good_value_is_kept(desk: Desk, slot: str, value: Any, kept: str) -> None:
    said = fill(desk, slot, value)
    assert said.slots[slot] == kept
    assert said.responses == []


@pytest.mark.parametrize(
    ("slot", "value", "hint"),
    [
        ("email", "ann at mail", "name@example.com"),
        ("email", "ann@localhost", "name@example.com"),
        ("email", "@mail.example", "name@example.com"),
        ("email", "", "name@example.com"),
        ("product", "the toaster", "I know these areas"),
        ("product", "😀", "I know these areas"),
        ("summary", "broken", "a sentence or two"),
        ("summary", "      \n     ", "a sentence or two"),
        ("summary", "x" * 2_001, "under 2000 characters"),
        ("severity", "purple", "low, normal, high or urgent"),
        ("severity", "", "low, normal, high or urgent"),
    ],
)
def test_a_bad_value_is_asked_for_again_with_a_hint(desk: Desk, slot: str, value: str, hint: str) -> None:
    said = fill(desk, slot, value)
    assert said.slots[slot] is None
    assert hint in said.text


@given(said=st.text(max_size=200), choices=st.sampled_from([PRODUCTS, SEVERITIES]))
def test_any_words_match_a_choice_or_none(said: str, choices: dict[str, tuple[str, ...]]) -> None:
    assert match(said, choices) in {None, *choices}


@pytest.mark.parametrize("choices", [PRODUCTS, SEVERITIES])
def test_every_choice_is_matched_by_its_own_name(choices: dict[str, tuple[str, ...]]) -> None:
    assert [match(choice, choices) for choice in choices] == list(choices)
