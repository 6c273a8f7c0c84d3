"""Answer a question: the story of a turn.

question ─► find passages ─► an operator has answered it?    quote that
                           ├► a curated FAQ answers it?      quote it
                           ├► the passages support a draft?   send the draft
                           ├► the generator can't draft now?  say so, show the nearest pages, offer a person
                           └► nothing of these                say that we don't know, and the same

Where it doesn't know, it shows a question that an operator has answered and that may be the same, to be pressed.
"""

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import replies
from actions.bootstrap import Services, services
from actions.decision import best_curated, is_supported, perhaps_meant, sure_reviewed, worth_a_draft
from actions.question import Question, question_of
from actions.replies import Reply
from actions.stopwatch import Stopwatch
from actions.turn import CarefulAction, Events, Turn
from contracts.errors import FrontdeskError
from contracts.wire import MAX_QUESTION_CHARS

TICKET_FORM = "ticket_form"


class ActionAnswerQuestion(CarefulAction):
    def name(self) -> str:
        return "action_answer_question"

    async def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        question, watch = question_of(tracker), Stopwatch()
        reply = await answer(question, turn, services(), watch)
        if tracker.active_loop_name == TICKET_FORM:
            reply = replies.without_offer(reply)
        return tell(dispatcher, reply, watch)


def tell(dispatcher: CollectingDispatcher, reply: Reply, watch: Stopwatch) -> Events:
    """Say it with its evidence; remember what was asked and offered."""
    evidence = reply.evidence(watch.timings_ms, services().thresholds)
    dispatcher.utter_message(
        text=reply.text, buttons=list(reply.buttons), json_message={"evidence": evidence.model_dump(mode="json")}
    )
    asked = reply.found.question[-MAX_QUESTION_CHARS:]  # follow-ups grow by being joined
    return [SlotSet("last_question", asked), SlotSet("offer", reply.offer)]


async def answer(question: Question, turn: Turn, neighbours: Services, watch: Stopwatch) -> Reply:
    with watch.time("retrieve"):
        found = await neighbours.knowledge.find_passages(question.text, question.previous, turn)
    reviewed = sure_reviewed(found, neighbours.thresholds)
    if reviewed is not None:
        return replies.quote_reviewed(found, reviewed)
    faq = best_curated(found, neighbours.thresholds)
    if faq is not None:
        neighbours.knowledge.record_use(faq.id, turn)
        return replies.quote(found, faq)
    passages, meant = worth_a_draft(found, neighbours.thresholds), perhaps_meant(found, neighbours.thresholds)
    if not passages:
        return replies.admit_unknown(found, meant)
    try:
        with watch.time("generate"):
            draft = await neighbours.generator.draft_answer(found.question, passages, turn)
    except FrontdeskError as error:
        watch.note(f"generator_{error.code}")
        return replies.point_to_pages(found, meant)
    if not is_supported(draft, neighbours.thresholds):
        return replies.admit_unknown(found, meant)
    return replies.phrase(found, draft)
