"""Who is writing, and which buttons and forms are ours: tokens that only we can make."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

COOKIE = "frontdesk_session"
DAY = 86_400
VOUCHER = "fd."


def signer(keys: str, salt: str) -> URLSafeTimedSerializer:
    """Signs with the newest of `keys` (the first), believes all of them."""
    return URLSafeTimedSerializer(list(reversed(keys.split())), salt=salt)


@dataclass(frozen=True)
class Session:
    """What a token says. `stale`: half through its life or signed with an older key, so a fresh one is due."""

    conversation: str
    expires_at: datetime
    stale: bool


class Sessions:
    """Signs and reads session tokens; the browser can neither choose nor change the id inside."""

    def __init__(self, keys: str, days: float) -> None:
        self._signer = signer(keys, "frontdesk.session")
        newest, *older = keys.split()
        self._newest = signer(newest, "frontdesk.session") if older else None
        self.seconds = int(days * DAY)

    def begin(self) -> str:
        """The id of a new conversation. Nothing is stored before its first message."""
        return f"web-{secrets.token_urlsafe(16)}"

    def issue(self, conversation: str) -> tuple[str, datetime]:
        """A fresh token and when it expires."""
        return self._signer.dumps(conversation), datetime.now(UTC) + timedelta(seconds=self.seconds)

    def read(self, token: str | None) -> Session | None:
        """None for a missing, forged or expired token."""
        if not token:
            return None
        try:
            conversation, signed_at = self._signer.loads(token, max_age=self.seconds, return_timestamp=True)
        except BadSignature:
            return None
        if not isinstance(conversation, str):
            return None
        expires_at = signed_at + timedelta(seconds=self.seconds)
        stale = expires_at - datetime.now(UTC) < timedelta(seconds=self.seconds / 2) or not self._by_newest(token)
        return Session(conversation, expires_at, stale)

    def _by_newest(self, token: str) -> bool:
        if self._newest is None:
            return True
        try:
            self._newest.loads(token)
        except BadSignature:
            return False
        return True


@dataclass(frozen=True)
class Offer:
    """A button or form that we offered: what it stands for, and the id by which it is used once."""

    content: Any
    id: str
    expires_at: datetime


@dataclass(frozen=True)
class Customer:
    """A logged-in user of the host site."""

    id: str
    email: str | None


class Vouchers:
    """Our own word for a customer whom the host site has vouched for: a page that heard it once can begin again."""

    def __init__(self, keys: str, hours: float = 24) -> None:
        self._signer, self._seconds = signer(keys, "frontdesk.customer"), int(hours * 3600)

    def issue(self, customer: Customer) -> str:
        return VOUCHER + str(self._signer.dumps([customer.id, customer.email]))

    def read(self, token: str) -> Customer | None:
        """None for what is no voucher of ours, or too old a one."""
        if not token.startswith(VOUCHER):
            return None
        try:
            id, email = self._signer.loads(token.removeprefix(VOUCHER), max_age=self._seconds)
        except (BadSignature, ValueError, TypeError):
            return None
        return Customer(id, email)


class Offers:
    """Signs what a button or a form stands for, bound to its conversation: a command that nobody else can send."""

    def __init__(self, keys: str, days: float) -> None:
        self._signer = signer(keys, "frontdesk.offer")
        self._seconds = int(days * DAY)

    def sign(self, conversation: str, content: Any) -> str:
        return str(self._signer.dumps([conversation, content, secrets.token_urlsafe(6)]))

    def read(self, conversation: str, token: str) -> Offer | None:
        """None when the token is forged, too old or of another conversation."""
        try:
            owner, content, _ = self._signer.loads(token, max_age=self._seconds)
        except (BadSignature, ValueError, TypeError):
            return None
        if owner != conversation:
            return None
        used_until = datetime.fromtimestamp(time.time() + self._seconds, UTC)
        return Offer(content, hashlib.sha256(token.encode()).hexdigest(), used_until)
