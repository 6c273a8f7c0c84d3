"""Say where a ticket stands, to the person it belongs to."""

import re

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.bootstrap import services
from actions.clients.tickets import TicketState
from actions.turn import CarefulAction, Events, Turn, text_slot

NUMBER = re.compile(r"\bT[-\s]?(\d{1,6})\b", re.IGNORECASE)


class ActionTicketStatus(CarefulAction):
    def name(self) -> str:
        return "action_ticket_status"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        number = ticket_number(tracker)
        if number is None:
            dispatcher.utter_message(text="Which ticket do you mean? Its number looks like T-000123.")
            return []
        state = await services().tickets.find(number, tracker.sender_id, text_slot(tracker, "email"))
        dispatcher.utter_message(text=_sentence(number, state))
        return [SlotSet("ticket_number", number)]


def ticket_number(tracker: Tracker) -> str | None:
    """The number in the message, or else the last one of this conversation; `t 12` means T-000012."""
    message = tracker.latest_message or {}
    said = NUMBER.search(str(message.get("text") or "")) or NUMBER.search(text_slot(tracker, "ticket_number") or "")
    return f"T-{int(said[1]):06d}" if said else None


def _sentence(number: str, state: TicketState | None) -> str:
    if state is None:
        return (
            f"I can't find {number} among the tickets of this conversation. If you opened it elsewhere, "
            "tell me the e-mail address you gave for it, or I can ask a colleague."
        )
    return f"Ticket {state.number}, opened on {state.opened}, is {state.status}. You'll get the answer by e-mail."
