"""Who is writing: a conversation id in a cookie that only we can make."""

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
