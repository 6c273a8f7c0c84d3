"""The host site's word for who its logged-in user is: a JWT that the site's own server signs (RFC 7519, HS256)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from contracts.errors import BadRequest

LONGEST_SECONDS = 600
CLOCK_SECONDS = 30  # how far the two servers' clocks may be apart
LIKE_AN_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
NOT_BELIEVED = "The identity of the logged-in user is not valid: "


@dataclass(frozen=True)
class Identity:
    """`customer`: the host site's id of the user. `token_id` is used up by the session that it begins."""

    customer: str
    email: str | None
    name: str | None
    token_id: str
    expires_at: datetime


class Identities:
    def __init__(self, secret: str) -> None:
        self._secret = secret

    def read(self, token: str) -> Identity:
        """Raises BadRequest saying what is wrong with it, never with what is in it."""
        if not self._secret:
            raise BadRequest(NOT_BELIEVED + "this server has no IDENTITY_SECRET.")
        try:
            claims = jwt.decode(
                token, self._secret, algorithms=["HS256"], leeway=CLOCK_SECONDS,
                options={"require": ["sub", "exp", "iat", "jti"], "verify_aud": False},
            )  # fmt: skip
        except jwt.ExpiredSignatureError as error:
            raise BadRequest(NOT_BELIEVED + "it has expired.") from error
        except jwt.MissingRequiredClaimError as error:
            raise BadRequest(NOT_BELIEVED + f"its claim {error.claim} is missing.") from error
        except jwt.PyJWTError as error:
            raise BadRequest(NOT_BELIEVED + "its signature or form is wrong.") from error
        return _identity(claims)


def _identity(claims: dict[str, object]) -> Identity:
    customer, email, name = claims["sub"], claims.get("email"), claims.get("name")
    expires, issued = claims["exp"], claims["iat"]
    if not isinstance(customer, str) or not 0 < len(customer) <= 256:
        raise BadRequest(NOT_BELIEVED + "its claim sub must be 1 to 256 characters.")
    if not all(value is None or (isinstance(value, str) and len(value) <= 256) for value in (email, name)):
        raise BadRequest(NOT_BELIEVED + "email and name must be texts.")
    if email and not LIKE_AN_EMAIL.fullmatch(str(email)):
        raise BadRequest(NOT_BELIEVED + "email must be an address like name@example.com.")
    assert isinstance(expires, int | float) and isinstance(issued, int | float)  # PyJWT has checked them
    if expires - issued > LONGEST_SECONDS:
        raise BadRequest(NOT_BELIEVED + f"it may be valid for at most {LONGEST_SECONDS} seconds.")
    return Identity(
        customer=customer, email=str(email) if email else None, name=str(name) if name else None,
        token_id="jwt-" + hashlib.sha256(str(claims["jti"]).encode()).hexdigest()[:56],
        expires_at=datetime.fromtimestamp(expires + CLOCK_SECONDS, UTC),
    )  # fmt: skip
