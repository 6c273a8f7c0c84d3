"""Everything the gateway itself says to a customer."""

from contracts.wire import MAX_QUESTION_CHARS

EMPTY = "There is no text in your message. Please write your question."
TOO_LONG = (
    f"Your message is longer than {MAX_QUESTION_CHARS} characters. Please send the question alone, in a few sentences."
)
NO_WORDS = "I can only read words so far. Please write your question in a short sentence."
NOT_ENGLISH = (
    "I can only help in English so far, sorry. Please ask in English, "
    "or say “open a ticket” and a colleague will write back to you."
)
TOO_MANY = "You are sending faster than I can read. I haven't taken in this message; please send it again in a moment."
BUSY = "Many people are asking at once right now. I haven't taken in this message; please send it again in a moment."
TOO_MANY_STREAMS = "This conversation is open in too many windows. Please close one of them."
BUSY_STREAMS = "Too many conversations are open right now. Please try again in a moment."
NO_SESSION = "This conversation isn't known or is over. Please begin a new one."
FOREIGN_ORIGIN = "This page may not use the chat. Its origin has to stand in ALLOWED_ORIGINS of the server."
NOT_JSON = "The body is not valid JSON."
NO_SUCH_TURN = "There is no such reply in this conversation."
NO_SUCH_CONVERSATION = "There is no such open conversation."
JOIN_FIRST = "Join the conversation first."
TAKEN = "{name} is in this conversation already. Let {name} leave first."
NO_NAME = "A name needs letters; it is what the customer sees."
USED = "This was sent before and works only once."
NOT_OUR_FORM = "This form isn't one of this conversation. Please begin again, for example with “open a ticket”."
UNKNOWN_FIELD = "The form has no field called {field}."
NO_DATABASE = "Our memory can't be reached right now. Please try again in a moment."
NO_WIDGET = "The website chat isn't built yet. Build it with: sh env/setup.sh widget"
NO_OPERATOR = "This needs the operators' token."
TALK_TO_PERSON = "I'd like to talk to a person."
WITH_PERSON = "{name} has your message and will answer here."
ASKED_ALREADY = "Your wish is noted: a colleague will read this conversation and answer here."
AGAIN = "if it happens again, quote {turn}."
FAILED = {
    "deadline_passed": "That is taking too long right now. Please ask again in a minute; " + AGAIN,
    "neighbour_down": "I can't reach my answers right now. Please ask again in a minute; " + AGAIN,
    "neighbour_lied": "I have no answer ready right now. Please ask again in a minute; " + AGAIN,
    "internal": "Something went wrong on our side. Please ask again in a minute; " + AGAIN,
}
READY = "I'm here and can answer."
NOT_READY = "I'm here, but I can't reach my answers right now; what you write is kept."
