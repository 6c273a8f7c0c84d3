"""What seems to have nothing to do with us is declined kindly, unless an operator has answered it."""

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import replies
from actions.answer_question import tell
from actions.bootstrap import services
from actions.decision import sure_reviewed
from actions.question import question_of
from actions.stopwatch import Stopwatch
from actions.turn import CarefulAction, Events, Turn
from contracts.errors import FrontdeskError
from contracts.wire import ReviewedAnswer, SearchResponse


class ActionOutOfScope(CarefulAction):
    def name(self) -> str:
        return "action_out_of_scope"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        watch = Stopwatch()
        answered = await _answered(tracker, turn, watch)
        if answered is not None:
            return tell(dispatcher, replies.quote_reviewed(*answered), watch)
        dispatcher.utter_message(response="utter_out_of_scope")
        return []


async def _answered(tracker: Tracker, turn: Turn, watch: Stopwatch) -> tuple[SearchResponse, ReviewedAnswer] | None:
    """An operator's answer. Without the knowledge service there is none, and the kind word is still true."""
    question, neighbours = question_of(tracker), services()
    if not question.text:
        return None
    try:
        with watch.time("retrieve"):
            found = await neighbours.knowledge.find_passages(question.text, question.previous, turn)
    except FrontdeskError:
        return None
    reviewed = sure_reviewed(found, neighbours.thresholds)
    return None if reviewed is None else (found, reviewed)
