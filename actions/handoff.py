"""Hand the conversation over to a person."""

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.bootstrap import services
from actions.clear_ticket import TICKET_SLOTS
from actions.clients.tickets import NewTicket
from actions.turn import CarefulAction, Events, Turn, text_slot


class ActionHandoff(CarefulAction):
    """The wish to talk to a person is a ticket too, so that it isn't forgotten when nobody is there to join."""

    def name(self) -> str:
        return "action_handoff"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        email = text_slot(tracker, "email")
        question = tracker.get_slot("last_question")
        summary = f"Asks for a person: {question}" if question else "Asks for a person."
        ticket = NewTicket(tracker.sender_id, summary, email=email, severity="normal", turn_id=turn.known_id)
        number = await services().tickets.open(ticket)
        way = f"will write to you at {email}" if email else "will read this conversation"
        ask = "" if email else " To get the answer by e-mail, say “open a ticket” and leave your address."
        text = f"I've passed this on as {number}; a colleague {way}.{ask}"
        dispatcher.utter_message(text=text, json_message={"person": "asked"})
        forget = [SlotSet(slot, None) for slot in TICKET_SLOTS]  # a form that was open is closed by now
        return [SlotSet("handoff", True), SlotSet("offer", "none"), SlotSet("ticket_number", number), *forget]
