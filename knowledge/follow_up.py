"""Join a follow-up to the question before it: `and on Linux?` after `where are the logs on Windows?`."""

import re
from collections.abc import Iterable

# Words of one row exclude each other: naming one takes the place of the other.
ALTERNATIVES: tuple[frozenset[str], ...] = (
    frozenset(
        {"windows", "mac", "macs", "macos", "linux", "ubuntu", "iphone", "ios", "ipad", "android", "web", "browser"}
    ),
    frozenset({"free", "solo", "family", "team", "business", "enterprise"}),
    frozenset({"monthly", "yearly", "annual", "month", "year"}),
    frozenset({"okta", "entra", "azure", "google", "onelogin"}),
)


def join_follow_up(question: str, previous: str | None, alternatives: Iterable[frozenset[str]] = ALTERNATIVES) -> str:
    """The forerunner, less the words that the follow-up replaces, then the follow-up."""
    if not previous:
        return question
    asked = set(re.findall(r"\w+", question.lower()))
    replaced = {word for group in alternatives if asked & group for word in group - asked}
    kept = [part for part in previous.split() if re.sub(r"\W", "", part).lower() not in replaced]
    return " ".join([*kept, question])
