"""Write the ticket that the form collected and tell its number."""

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.bootstrap import services
from actions.clear_ticket import TICKET_SLOTS
from actions.clients.tickets import NewTicket
from actions.turn import CarefulAction, Events, Turn


class ActionOpenTicket(CarefulAction):
    def name(self) -> str:
        return "action_open_ticket"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        number = await services().tickets.open(
            NewTicket(
                conversation_id=tracker.sender_id,
                email=tracker.get_slot("email"),
                product=tracker.get_slot("product"),
                summary=tracker.get_slot("summary") or "(no summary)",
                severity=tracker.get_slot("severity"),
                turn_id=turn.known_id,
            )
        )
        dispatcher.utter_message(
            text=f"Your ticket is {number}. A colleague will answer you at {tracker.get_slot('email')}. "
            f"Ask me “what about {number}?” any time to see where it stands."
        )
        # The address stays for the next ticket; what was said of this one must not slip into it.
        forget = [SlotSet(slot, None) for slot in TICKET_SLOTS]
        return [SlotSet("ticket_number", number), SlotSet("offer", "none"), *forget]
