"""Ask for a slot of the ticket form: in a sentence, and as the form that the website draws (docs/dialogue.md).

Rasa calls `action_ask_ticket_form_<slot>` where it would have said `utter_ask_ticket_form_<slot>`.
"""

from abc import abstractmethod
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import CarefulAction, Events, Turn, text_slot

FORM = "ticket_form"
PRODUCT_LABELS = {
    "billing": "Billing and plans",
    "account": "Your account and sign-in",
    "desktop": "Desktop app",
    "mobile": "Mobile app",
    "backup": "Backup",
    "restore": "Restore",
    "versions": "Versions of files",
    "sharing": "Sharing",
    "encryption": "Encryption and keys",
    "admin": "Admin console",
    "api": "API and webhooks",
    "status": "Service status",
    "privacy": "Privacy",
}
SEVERITY_LABELS = {
    "low": "Low: whenever you get to it",
    "normal": "Normal",
    "high": "High: it holds me up",
    "urgent": "Urgent: I can't work",
}
FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "email", "label": "Your e-mail address", "kind": "email"},
    {"name": "product", "label": "What is it about?", "kind": "choice", "options": PRODUCT_LABELS},
    {"name": "summary", "label": "What happens, and what did you expect?", "kind": "text"},
    {"name": "severity", "label": "How pressing is it?", "kind": "choice", "options": SEVERITY_LABELS},
)


class AskForSlot(CarefulAction):
    """All four fields stand in the form each time, so that an earlier answer can be corrected."""

    @property
    @abstractmethod
    def slot(self) -> str:
        """What is asked for."""

    def name(self) -> str:
        return f"action_ask_{FORM}_{self.slot}"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        dispatcher.utter_message(
            response=f"utter_ask_{FORM}_{self.slot}", json_message={"form": ticket_form(tracker, self.slot)}
        )
        return []


class AskForEmail(AskForSlot):
    slot = "email"


class AskForProduct(AskForSlot):
    slot = "product"


class AskForSummary(AskForSlot):
    slot = "summary"


class AskForSeverity(AskForSlot):
    slot = "severity"


def ticket_form(tracker: Tracker, asked: str) -> dict[str, Any]:
    """`intent`: what the filled-in form is sent as, `/inform{"email": "…", …}`."""
    return {
        "name": FORM,
        "title": "Open a ticket",
        "submit": "Send ticket",
        "intent": "inform",
        "asked": asked,
        "fields": [_field(field, text_slot(tracker, field["name"])) for field in FIELDS],
    }


def _field(field: dict[str, Any], value: str | None) -> dict[str, Any]:
    options = [{"value": option, "label": label} for option, label in field.get("options", {}).items()]
    return {**field, **({"options": options} if options else {}), "value": value}
