"""What the gateway itself says in Slack."""

STALE = "This button is from an earlier version and doesn't work any more. Please write your question instead."
THANKS = "Thank you for the feedback."
NOT_TAKEN_IN = "I could not take that in right now. Please try again in a moment."
HELLO = (
    "Hello! Write your question after my name, for example “@Frontdesk how do I restore one file?”. "
    "In this thread you can go on without my name, and in a direct message you never need it."
)
NO_FILES = "I can't open files. Please write your question in a sentence."
ASKED = "You asked: {question}"
ANSWERED_THERE = "I answer you in our direct messages: <#{channel}>"
HELP = (
    "Ask me in a direct message, or mention me in a channel; I answer in the thread.\n"
    "• `/frontdesk how do I restore one file?` asks in our direct messages\n"
    "• `/frontdesk status` says how I am\n"
    "• “open a ticket” opens one, “talk to a person” calls a colleague"
)
PROMPTS = [
    {"title": "Restore a file", "message": "How do I restore a single file?"},
    {"title": "Open a ticket", "message": "I want to open a ticket"},
    {"title": "Talk to a person", "message": "I'd like to talk to a person"},
]
REMINDER = "This card is still open: {question}"
ESCALATION = "<!here> Nobody has decided this card yet: {question}"
PERSON_WANTED = "<!here> The customer asks for a person. “Take over” on the card lets you in."
DIGEST = "Review queue on {day}"
NOT_ALLOWED = "You may not {right} here. Ask whoever runs Frontdesk to add you to the user group that may."
REVIEW_STOPPED = "The review queue has stopped, since this channel isn't private any more. Make it private again."
GAP_CLOSED = "This gap is closed already."
NOTHING_TO_SEND = "Write something to send."
NOBODY_THERE = "Nobody is in that conversation any more; the assistant answers there."
NO_SOURCES = "The sources can't be looked up right now. Save without those that you added, or try again in a minute."
NOT_OPENED = "The window could not be opened. Please press the button again."
JOINED = "*{name}* is here and answers you now; I am quiet meanwhile."
SAID = "*{name}*: {text}"
LEFT = "*{name}* has left; I answer again."
CUSTOMER_WROTE = "*Customer*: {text}"
WRITTEN_TO_CUSTOMER = "*{name}* to the customer: {text}"
HANDED_BACK = "*{name}* handed the conversation back; the assistant answers again."
TAKEN_BACK = (
    "<!here> The customer has been waiting for *{name}* for too long, so the assistant answers again. "
    "“Send to customer” lets you in once more."
)
