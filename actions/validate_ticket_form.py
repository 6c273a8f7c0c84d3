"""Check what the ticket form collects; each refusal says what is wrong and what would do."""

import re
from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

EMAIL = re.compile(r"[\w.+%-]+@(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
SUMMARY_CHARS = range(10, 2_001)
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

    def validate_email(self, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        found = EMAIL.search(str(value))
        if found:
            return {"email": found[0].lower()}
        out.utter_message(text="That doesn't look like an e-mail address. It should read like name@example.com.")
        return {"email": None}

    def validate_product(self, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        product = match(str(value), PRODUCTS)
        if product is None:
            out.utter_message(text=f"I know these areas: {', '.join(PRODUCTS)}. Which one is nearest?")
        return {"product": product}

    def validate_summary(self, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        summary = " ".join(str(value).split())
        if len(summary) in SUMMARY_CHARS:
            return {"summary": summary}
        out.utter_message(
            text="Please describe the problem in a sentence or two: what you did, and what happened."
            if len(summary) < SUMMARY_CHARS.start
            else f"That is too long for a summary; please keep it under {SUMMARY_CHARS.stop - 1} characters."
        )
        return {"summary": None}

    def validate_severity(self, value: Any, out: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Slots:
        severity = match(str(value), SEVERITIES)
        if severity is None:
            out.utter_message(text="Please choose one: low, normal, high or urgent.")
        return {"severity": severity}


def match(said: str, choices: dict[str, tuple[str, ...]]) -> str | None:
    """The choice whose name or words start a word of `said`; the longest wins (`not urgent` over `urgent`)."""
    hits = [
        (len(word), choice)
        for choice, words in choices.items()
        for word in (choice, *words)
        if re.search(rf"\b{re.escape(word)}", said, re.IGNORECASE)
    ]
    return max(hits)[1] if hits else None
