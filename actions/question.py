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


def question_of(tracker: Tracker) -> Question:
    message = tracker.latest_message or {}
    text = str(message.get("text") or "").strip()
    intent = (message.get("intent") or {}).get("name")
    leans = intent == FOLLOW_UP_INTENT or (len(text.split()) <= SHORT_WORDS and LEANING.search(text))
    return Question(text, tracker.get_slot("last_question") if leans else None)
