"""When a message was not understood: ask what was meant in words people use, then offer a person."""

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.replies import YES_OR_NO
from actions.turn import CarefulAction, Events, Turn

# What a customer wants, by intent. Intents without a line are never offered.
MEANINGS = {
    "ask_question": "Ask how something works",
    "ask_price": "Ask about plans and prices",
    "report_problem": "Report a problem",
    "open_ticket": "Open a support ticket",
    "ticket_status": "Ask about a ticket",
    "talk_to_person": "Talk to a person",
    "complaint": "Make a complaint",
    "ask_support_hours": "Ask when support is there",
    "ask_capabilities": "Find out what I can do",
}
CHOICES = 3


class ActionDefaultAskAffirmation(CarefulAction):
    """Rasa's own would show the name of an intent; this one offers the likeliest meanings as buttons."""

    def name(self) -> str:
        return "action_default_ask_affirmation"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        ranking = (tracker.latest_message or {}).get("intent_ranking") or []
        likely = [entry["name"] for entry in ranking if entry.get("name") in MEANINGS][:CHOICES]
        buttons = [{"title": MEANINGS[name], "payload": f"/{name}"} for name in likely]
        dispatcher.utter_message(
            text="I'm not sure I understood that. What would you like to do?",
            buttons=[*buttons, {"title": "Something else", "payload": "/out_of_scope"}],
        )
        return []


class ActionDefaultFallback(CarefulAction):
    """The last stage: no third guess, but a person."""

    def name(self) -> str:
        return "action_default_fallback"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        dispatcher.utter_message(
            text="I still don't understand, I'm sorry. Shall I ask a colleague to read this?", buttons=list(YES_OR_NO)
        )
        return [SlotSet("offer", "person")]
