"""Take personal data out of text by its shape. Names need more than shape: see `knowledge.privacy`.

First cut by patterns: e-mail, card (Luhn), IBAN, IP, phone, secrets, account and serial numbers.
"""

import re
from collections.abc import Callable

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
IPV4 = re.compile(r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b")
IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){2,7}(?::?[0-9a-fA-F]{1,4}){1,7}(?![\w:])")
SECRET = re.compile(
    r"\b(?:hl_(?:pat|live|test)_|hlpat_|sk_|ghp_|xox[bap]-|AKIA)[\w-]{6,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+"
)
ACCOUNT = re.compile(r"\b(?:HA|ACC|ACCT)-\d{4,}\b")
PHONE = re.compile(r"(?<![\w.-])(?:\+|00)\d[\d ()/.-]{6,18}\d(?![\w-])|(?<![\w.-])0\d{1,5}[ /-]\d[\d ()/-]{3,14}\d(?![\w-])")
SERIAL = re.compile(r"\b(?:S/N|SN|serial(?: number)?)[:#\s]+(?=\w*\d)[A-Z0-9][A-Z0-9-]{5,}\b", re.IGNORECASE)


def luhn_valid(digits: str) -> bool:
    """The check of ISO/IEC 7812-1: card numbers pass it, one in ten other numbers does too."""
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(re.sub(r"\D", "", digits)))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def redact(text: str) -> str:
    """`text` with every identifier of a known shape replaced by its kind in angle brackets."""
    for kind, pattern, accept in RULES:
        text = pattern.sub(_mark(kind, accept), text)
    return text


def _mark(kind: str, accept: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    return lambda match: f"<{kind}>" if accept(match[0]) else match[0]


def _always(_: str) -> bool:
    return True


RULES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("secret", SECRET, _always),
    ("email", EMAIL, _always),
    ("iban", IBAN, _always),
    ("card", CARD, luhn_valid),
    ("account", ACCOUNT, _always),
    ("ip", IPV4, _always),
    ("ip", IPV6, _always),
    ("serial", SERIAL, _always),
    ("phone", PHONE, _always),
)
