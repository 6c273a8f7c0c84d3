"""A message that is probably a question is answered; anything else keeps its verdict."""

from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from rasa_components.question_first import QuestionFirst

FALLBACK = {"name": "nlu_fallback", "confidence": 0.4}


def parsed(ranking: dict[str, float], fallback: bool) -> Message:
    guesses = [{"name": name, "confidence": confidence} for name, confidence in ranking.items()]
    verdict = [FALLBACK, *guesses] if fallback else guesses
    return Message({TEXT: "x", INTENT: verdict[0], INTENT_RANKING_KEY: verdict})


def review(ranking: dict[str, float], fallback: bool = True) -> Message:
    component = QuestionFirst({"intents": ["ask_question", "ask_price"], "threshold": 0.4})
    (message,) = component.process([parsed(ranking, fallback)])
    return message


def test_a_message_between_two_kinds_of_question_is_answered() -> None:
    message = review({"ask_price": 0.3, "ask_question": 0.29, "deny": 0.1})
    assert message.get(INTENT)["name"] == "ask_price"


def test_the_fallback_leaves_the_ranking_with_it() -> None:
    message = review({"deny": 0.31, "ask_question": 0.3, "ask_price": 0.2})
    names = [guess["name"] for guess in message.get(INTENT_RANKING_KEY)]
    assert names == ["ask_question", "deny", "ask_price"]


def test_a_message_that_is_hardly_a_question_stays_a_fallback() -> None:
    message = review({"deny": 0.35, "affirm": 0.3, "ask_price": 0.2, "ask_question": 0.1})
    assert message.get(INTENT) == FALLBACK


def test_a_clear_message_is_not_touched() -> None:
    message = review({"deny": 0.5, "ask_question": 0.45}, fallback=False)
    assert message.get(INTENT)["name"] == "deny"


def test_a_fallback_without_a_ranking_stays() -> None:
    assert review({}).get(INTENT) == FALLBACK
