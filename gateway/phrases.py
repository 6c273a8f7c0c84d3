"""Everything the gateway itself says to a customer."""

from contracts.wire import MAX_QUESTION_CHARS

EMPTY = "There is no text in your message. Please write your question."
TOO_LONG = (
    f"Your message is longer than {MAX_QUESTION_CHARS} characters. Please send the question alone, in a few sentences."
)
BODY_TOO_LARGE = "That is too much to send in one message. Please send the question alone, in a few sentences."
NO_WORDS = "I can only read words so far. Please write your question in a short sentence."
NOT_ENGLISH = (
    "I can only help in English so far, sorry. Please ask in English, "
    "or say “open a ticket” and a colleague will write back to you."
)
TOO_MANY = "You are sending faster than I can read. I haven't taken in this message; please send it again in a moment."
BUSY = "Many people are asking at once right now. I haven't taken in this message; please send it again in a moment."
AGAIN = "if it happens again, quote {turn}."
FAILED = {
    "deadline_passed": "That is taking too long right now. Please ask again in a minute; " + AGAIN,
    "neighbour_down": "I can't reach my answers right now. Please ask again in a minute; " + AGAIN,
    "neighbour_lied": "I had no answer ready for that. Please put it in other words; " + AGAIN,
    "internal": "Something went wrong on our side. Please ask again in a minute; " + AGAIN,
}
