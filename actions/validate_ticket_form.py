"""Check what the ticket form collects; each refusal says what is wrong and what would do."""

import re
from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.turn import Events

EMAIL = re.compile(r"[\w.+%-]+@(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
SUMMARY_CHARS = range(10, 2_001)
FILLED_IN = "/inform{"  # how a form of the website begins that was filled in
PRODUCTS = {
    "billing": ("billing", "plan", "price", "invoice", "payment", "subscription"),
    "account": ("account", "sign in", "login", "password"),
    "desktop": ("desktop", "windows", "mac", "linux", "client", "app on my computer"),
    "mobile": ("mobile", "phone", "iphone", "ipad", "android", "ios", "camera"),
    "backup": ("backup", "back up", "nas", "external drive"),
    "restore": ("restore", "recover", "rewind"),
    "versions": ("version", "retention", "history"),
    "sharing": ("shar", "link", "guest", "space"),
    "encryption": ("encrypt", "vault", "key", "passphrase", "2fa", "two-step"),
    "admin": ("admin", "sso", "scim", "console", "single sign"),
    "api": ("api", "webhook", "token"),
    "status": ("status", "outage", "is down", "are down"),
    "privacy": ("privacy", "gdpr", "data protection", "delete my data"),
}
SEVERITIES = {
    "urgent": ("urgent", "critical", "blocker", "emergency", "asap", "can't work", "cannot work", "production", "1"),
    "high": ("high", "serious", "important", "bad", "2"),
    "normal": ("normal", "medium", "moderate", "average", "3"),
    "low": (
        "low",
        "minor",
        "small",
        "whenever",
        "no rush",
        "not urgent",
        "not critical",
        "not bad",
        "not important",
        "4",
    ),
}

Slots = dict[str, Any]


class ValidateTicketForm(FormValidationAction):  # type: ignore[misc]
    def name(self) -> str:
        return "validate_ticket_form"

    def extract_email(self, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        """When the form opens: the address that the host site vouches for, unless the customer gave one."""
        opens = tracker.get_slot("requested_slot") is None
        known = known_email(tracker) if opens and tracker.get_slot("email") is None else None
        return {"email": known} if known else {}

    async def get_validation_events(self, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """The new values, and older ones that won't do: Rasa doesn't show us what came while the form was set aside."""
        new, kept = tracker.slots_to_validate(), Slots()
        for slot in self.domain_slots(domain):
            value = tracker.get_slot(slot)
            checked = self._check(slot, value, out, tracker, domain)
            if value is not None and (slot in new or checked != value):
                kept[slot] = checked
        return [SlotSet(slot, value) for slot, value in kept.items()]

    def _check(self, slot: str, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Any:
        """The value to keep. None for a field left empty: Rasa takes the whole message for the value asked for."""
        if value is None or str(value).startswith(FILLED_IN):
            return None
        return getattr(self, f"validate_{slot}")(value, out, tracker, domain)[slot]

    def validate_email(self, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        found = EMAIL.search(str(value))
        if found:
            return {"email": found[0].lower()}
        return refuse(out, "email", "That doesn't look like an e-mail address. It should read like name@example.com.")

    def validate_product(self, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        product = match(str(value), PRODUCTS)
        if product:
            return {"product": product}
        return refuse(out, "product", f"I know these areas: {', '.join(PRODUCTS)}. Which one is nearest?")

    def validate_summary(self, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        # What can't be printed goes, above all what a database refuses: NUL and halves of characters.
        summary = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
        if len(summary) in SUMMARY_CHARS:
            return {"summary": summary}
        if len(summary) < SUMMARY_CHARS.start:
            why = "Please describe the problem in a sentence or two: what you did, and what happened."
        else:
            why = f"That is too long for a summary; please keep it under {SUMMARY_CHARS.stop - 1} characters."
        return refuse(out, "summary", why)

    def validate_severity(self, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        severity = match(str(value), SEVERITIES)
        if severity:
            return {"severity": severity}
        return refuse(out, "severity", "Please choose one: low, normal, high or urgent.")


def refuse(out: CollectingDispatcher, slot: str, why: str) -> Slots:
    """Said in the reply, and shown at its field by a website that draws the form."""
    out.utter_message(text=why, json_message={"form_errors": {slot: why}})
    return {slot: None}


def known_email(tracker: Tracker) -> str | None:
    """The address of a customer who is logged in at the host site; the gateway has checked the site's word for it."""
    metadata = (tracker.latest_message or {}).get("metadata")
    email = metadata.get("customer_email") if isinstance(metadata, dict) else None
    return email if isinstance(email, str) and EMAIL.fullmatch(email) else None


def match(said: str, choices: dict[str, tuple[str, ...]]) -> str | None:
    """The choice whose name or words start a word of `said`; the longest wins (`not urgent` over `urgent`)."""
    hits = [
        (len(word), choice)
        for choice, words in choices.items()
        for word in (choice, *words)
        if re.search(rf"\b{re.escape(word)}", said, re.IGNORECASE)
    ]
    return max(hits)[1] if hits else None
