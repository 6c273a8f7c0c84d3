"""What the gateway itself says in Slack."""

STALE = "This button is from an earlier version and doesn't work any more. Please write your question instead."
THANKS = "Thank you for the feedback."
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
DIGEST = "Review queue on {day}: {opened} cards came, {decided} were decided, {open} are open."
NOT_ALLOWED = "Only members of the review team can do that. Ask whoever runs Frontdesk to add you to the user group."
HANDED_BACK = "<@{user}> handed the conversation back; the assistant answers again."
