"""The ticket form takes what will do, and says of the rest what is wrong."""

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from actions import ask_ticket
from actions.settings import ROOT
from actions.validate_ticket_form import PRODUCTS, SEVERITIES, match
from tests.actions.conftest import Desk, Said

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))


SLOTS = DOMAIN["forms"]["ticket_form"]["required_slots"]
FILLED = {"email": "ann@example.com", "product": "backup", "summary": "It stops at 97 %.", "severity": "low"}


def fill(desk: Desk, slot: str, value: Any) -> Said:
    """What Rasa posts after the customer said `value` where the form asked for `slot`."""
    return validate(desk, {slot: value}, asked=slot)


def validate(
    desk: Desk, new: dict[str, Any], known: dict[str, Any] | None = None, asked: str | None = "email", **more: Any
) -> Said:
    """What Rasa posts: `new` values of this message, `known` ones from before, `asked` is None when the form opens."""
    moment = time.time()
    events = [{"event": "user", "text": "…", "timestamp": moment}]
    events += [{"event": "action", "name": "ticket_form", "timestamp": moment}]
    events += [{"event": "slot", "name": slot, "value": value, "timestamp": moment} for slot, value in new.items()]
    return desk.run(
        "validate_ticket_form", "…", intent="inform", slots={"requested_slot": asked, **(known or {}), **new},
        events=events, active_loop={"name": "ticket_form"}, domain=DOMAIN, **more,
    )  # fmt: skip


def ask(desk: Desk, slot: str, **slots: Any) -> Said:
    """What Rasa posts to have `slot` asked for; without the domain, since endpoints.yml has it left out."""
    return desk.run(f"action_ask_ticket_form_{slot}", "open a ticket", slots=slots)


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


@pytest.mark.parametrize("slot", SLOTS)
def test_each_slot_is_asked_for_in_the_words_of_the_domain(desk: Desk, slot: str) -> None:
    (response,) = ask(desk, slot).responses
    assert response["response"] == f"utter_ask_ticket_form_{slot}"
    assert response["response"] in DOMAIN["responses"]
    assert f"action_ask_ticket_form_{slot}" in DOMAIN["actions"]


@pytest.mark.parametrize("slot", SLOTS)
def test_the_question_brings_a_form_with_every_field(desk: Desk, slot: str) -> None:
    form = ask(desk, slot).custom["form"]
    assert (form["name"], form["intent"], form["asked"]) == ("ticket_form", "inform", slot)
    assert [field["name"] for field in form["fields"]] == SLOTS
    assert [field["kind"] for field in form["fields"]] == ["email", "choice", "text", "choice"]
    assert all(field["label"] for field in form["fields"])


def test_the_form_shows_what_is_known_already(desk: Desk) -> None:
    fields = ask(desk, "summary", email=["a@b.example", "c@d.example"], product="backup").custom["form"]["fields"]
    assert [field["value"] for field in fields] == ["a@b.example", "backup", None, None]


def test_the_form_offers_every_choice_that_the_check_knows(desk: Desk) -> None:
    fields = ask(desk, "email").custom["form"]["fields"]
    options = {
        field["name"]: [option["value"] for option in field["options"]] for field in fields if "options" in field
    }
    assert options == {"product": list(PRODUCTS), "severity": list(ask_ticket.SEVERITY_LABELS)}
    assert set(options["severity"]) == set(SEVERITIES)


@pytest.mark.parametrize(
    ("choices", "labels"), [(PRODUCTS, ask_ticket.PRODUCT_LABELS), (SEVERITIES, ask_ticket.SEVERITY_LABELS)]
)
def test_who_types_a_label_means_its_choice(choices: dict[str, tuple[str, ...]], labels: dict[str, str]) -> None:
    assert {label: match(label, choices) for label in labels.values()} == {
        label: choice for choice, label in labels.items()
    }


def test_a_filled_in_form_is_kept_as_it_is(desk: Desk) -> None:
    said = validate(desk, FILLED)
    assert said.slots == FILLED
    assert said.responses == []


def test_each_refusal_is_said_and_shown_at_its_field(desk: Desk) -> None:
    said = validate(desk, FILLED | {"email": "nope", "severity": "purple"})
    errors = {field: why for response in said.responses for field, why in response["custom"]["form_errors"].items()}
    assert said.slots == FILLED | {"email": None, "severity": None}
    assert set(errors) == {"email", "severity"}
    assert said.text == "\n".join(errors.values())


def test_the_newest_value_counts(desk: Desk) -> None:
    said = validate(desk, {"email": "new@example.com"}, known={"email": "old@example.com"})
    assert said.slots["email"] == "new@example.com"


def test_what_came_while_the_form_was_set_aside_is_checked_too(desk: Desk) -> None:
    said = validate(desk, {}, known=FILLED | {"email": "nope"})
    assert said.slots == {"email": None}
    assert set(said.custom["form_errors"]) == {"email"}


def test_a_message_that_gives_nothing_new_sets_nothing(desk: Desk) -> None:
    """Otherwise Rasa would think that the message was meant for the form, and leave a question unanswered."""
    assert validate(desk, {}, known=FILLED).slots == {}


@pytest.mark.parametrize("slot", SLOTS)
def test_a_field_left_empty_is_not_filled_with_the_whole_message(desk: Desk, slot: str) -> None:
    rest = {name: value for name, value in FILLED.items() if name != slot}
    said = validate(desk, {**rest, slot: f"/inform{json.dumps(rest)}"}, asked=slot)
    assert said.slots == rest | {slot: None}
    assert said.responses == []


def test_what_no_database_takes_is_dropped_from_a_summary(desk: Desk) -> None:
    assert fill(desk, "summary", "It stops\x00at \ud800 97 %.").slots["summary"] == "It stops at 97 %."


def test_a_form_that_opens_knows_the_address_of_a_logged_in_customer(desk: Desk) -> None:
    said = validate(desk, {}, asked=None, metadata={"customer_email": "Anna@Example.com"})
    assert said.slots == {"email": "anna@example.com"}
    assert said.responses == []


def test_an_address_that_the_customer_gave_goes_before_the_known_one(desk: Desk) -> None:
    said = validate(desk, {"email": "other@example.com"}, asked=None, metadata={"customer_email": "anna@example.com"})
    assert said.slots == {"email": "other@example.com"}


def test_after_a_refusal_the_known_address_does_not_slip_in(desk: Desk) -> None:
    assert validate(desk, {}, asked="email", metadata={"customer_email": "anna@example.com"}).slots == {}


@pytest.mark.parametrize("metadata", [{}, None, [], {"customer_email": None}, {"customer_email": "Anna <a@b.example>"}])
def test_without_a_known_address_the_form_asks_for_one(desk: Desk, metadata: Any) -> None:
    said = validate(desk, {}, asked=None, metadata=metadata)
    assert said.slots == {}
    assert said.responses == []
