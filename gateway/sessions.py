"""Who is writing, and which buttons are ours: tokens that only we can make."""

import secrets

from itsdangerous import BadSignature, URLSafeTimedSerializer

COOKIE = "frontdesk_session"
DAY = 86_400


class Sessions:
    """Signs and reads session tokens; the browser can neither choose nor change the id inside."""

    def __init__(self, secret: str, days: int) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="frontdesk.session")
        self.seconds = days * DAY

    def begin(self) -> tuple[str, str]:
        """A new conversation: its id and the token that names it."""
        conversation = f"web-{secrets.token_urlsafe(16)}"
        return conversation, self._signer.dumps(conversation)

    def read(self, token: str | None) -> str | None:
        """The conversation id, or None for a missing, forged or expired token."""
        if not token:
            return None
        try:
            return str(self._signer.loads(token, max_age=self.seconds))
        except BadSignature:
            return None


class QuickReplies:
    """Signs what a button stands for, bound to its conversation: a command for Rasa that nobody else can send."""

    def __init__(self, secret: str, days: int) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="frontdesk.button")
        self._seconds = days * DAY

    def sign(self, conversation: str, payload: str) -> str:
        return str(self._signer.dumps([conversation, payload]))

    def read(self, conversation: str, token: str) -> str | None:
        """The payload, or None when the token is forged, too old or of another conversation."""
        try:
            owner, payload = self._signer.loads(token, max_age=self._seconds)
        except (BadSignature, ValueError, TypeError):
            return None
        return str(payload) if owner == conversation else None
