"""Forget what a dropped ticket form had collected, so that it can't slip into the next one."""

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import CarefulAction, Events, Turn

TICKET_SLOTS = ("product", "summary", "severity")  # the e-mail address stays: it is the customer's, not the ticket's


class ActionClearTicket(CarefulAction):
    def name(self) -> str:
        return "action_clear_ticket"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        return [SlotSet(slot, None) for slot in TICKET_SLOTS]
