"""The question of a turn, read from the tracker: its words, and the question before it if this one leans on it."""

import re
from dataclasses import dataclass

from rasa_sdk import Tracker

FOLLOW_UP_INTENT = "follow_up"
LEANING = re.compile(
    r"^(?:and|but|also|or|what about|how about|what if|same (?:for|on|with)|then|ok(?:ay)? (?:and|but))\b"
    r"|\b(?:it|that|this|those|these|them|there|one)\b\s*\??$",
    re.IGNORECASE,
)
SHORT_WORDS = 9


@dataclass(frozen=True)
class Question:
    text: str
    previous: str | None = None


def _last_words(tracker: Tracker) -> str:
    """What the customer typed last; a pressed button (`/ask_question`) stands for the words before it."""
    said = [(tracker.latest_message or {}).get("text")]
    said += [event.get("text") for event in reversed(tracker.events) if event.get("event") == "user"]
    texts = [str(text).strip() for text in said if text]
    return next((text for text in texts if not text.startswith("/")), "")


def question_of(tracker: Tracker) -> Question:
    message = tracker.latest_message or {}
    text = _last_words(tracker)
    intent = (message.get("intent") or {}).get("name")
    leans = intent == FOLLOW_UP_INTENT or (len(text.split()) <= SHORT_WORDS and LEANING.search(text))
    return Question(text, tracker.get_slot("last_question") if leans else None)
