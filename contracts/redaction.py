"""Take personal data out of text by its shape. Names need more than shape: see `knowledge.privacy`.

First cut by patterns: e-mail, card (Luhn), IBAN, IP, phone, secrets, street addresses, and numbers of accounts,
invoices and devices.
"""

import ipaddress
import re
from collections.abc import Callable

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
# Cards as they are printed, so that an expiry date after one doesn't hide it; then any run of that many digits.
CARD_GROUPS = re.compile(r"\b(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|3[47]\d{2}([ -]?)\d{6}\2\d{5})\b")
CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
IPV4 = re.compile(r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b")
# Anything with colons that may be IPv6 or a hardware address; times of day look alike, see `is_address`.
COLONS = re.compile(r"(?:(?<![\w:])|(?<=[A-Za-z]:))[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])")
HARDWARE = re.compile(r"(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")
SECRET = re.compile(
    r"\b(?:hl_(?:pat|live|test)_|hlpat_|sk_|ghp_|xox[bap]-|AKIA)[\w-]{6,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+"
)
ACCOUNT = re.compile(r"\b(?:HA|ACC|ACCT)-\d{4,}\b")
PHONE = re.compile(
    r"(?<![\w.-])(?:\+|00)\d[\d ()/.-]{6,18}\d(?![\w-])|(?<![\w.-])0\d{1,5}[ /-]\d[\d ()/-]{3,14}\d(?![\w-])"
)
INVOICE = re.compile(r"\b(?:[A-Z]{2,4}-)?INV-\d[\d-]{3,}\d\b")
# `14 Albion Terrace, Bristol BS1 6XT`, `12 quai des Bateliers, Annecy`, `Industriestr. 41, 58511 Lüdenscheid`.
STREET = r"(?:Street|St|Road|Rd|Avenue|Ave|Terrace|Lane|Square|Crescent|Gardens|Quay|Rise)"
VOIE = r"(?:rue|avenue|boulevard|quai|place|chemin|allée|impasse|route)"
STRASSE = r"(?:[A-ZÄÖÜ]\w+(?:str\.|straße|strasse|gasse|weg|platz|allee|kade|straat|vägen|vejen))"
VIA = r"(?:Via|Calle|C/|Avenida|Rua) (?:\w+ ){0,3}[A-Z]\w+"
TOWN = r"(?:, ?(?:[A-Z0-9][\w'-]*)(?: [A-Z0-9][\w'-]*)*){0,2}"
ADDRESS = re.compile(
    rf"(?<![\w€$£.,-])(?:\d{{1,4}}[a-z]? (?:[A-Z][a-z'’]+ ){{1,3}}{STREET}\b"
    rf"|\d{{1,4}}(?: bis| ter)?,? {VOIE} (?:d[eu]s? |la |l[e'’]s? ?|d['’])*[A-Z][\w-]+(?: [A-Z][\w-]+)*"
    rf"|{STRASSE} \d{{1,4}}[a-z]?\b|{VIA},? \d{{1,4}}\b){TOWN}"
)
SERIAL = re.compile(r"\b(?:S/N|SN|serial(?: number)?)[:#\s]+(?=\w*\d)[A-Z0-9][A-Z0-9-]{5,}\b", re.IGNORECASE)
# As makers of computers print them, without the word: capitals and digits mixed.
BARE_SERIAL = re.compile(r"\b(?=[A-Z0-9]*[A-Z][A-Z0-9]*\d[A-Z0-9]*[A-Z])[A-Z0-9]{10,14}\b")


# One of these is in whatever any of the rules below finds.
SUSPECT = re.compile(r"[\d@:_]|eyJ|AKIA|xox")


def luhn_valid(digits: str) -> bool:
    """The check of ISO/IEC 7812-1: card numbers pass it, one in ten other numbers does too."""
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(re.sub(r"\D", "", digits)))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def is_address(text: str) -> bool:
    """IPv6 or hardware address, perhaps with the colon of the sentence behind it; not `::` alone, not `23:59:59`."""
    for candidate in (text, text.removesuffix(":")):
        try:
            return int(ipaddress.IPv6Address(candidate)) != 0
        except ValueError:
            if HARDWARE.fullmatch(candidate):
                return True
    return False


def redact(text: str) -> str:
    """`text` with every identifier of a known shape replaced by its kind in angle brackets."""
    if not SUSPECT.search(text):
        return text
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
    ("card", CARD_GROUPS, luhn_valid),
    ("card", CARD, luhn_valid),
    ("account", ACCOUNT, _always),
    ("invoice", INVOICE, _always),
    ("address", ADDRESS, _always),
    ("ip", IPV4, _always),
    ("ip", COLONS, is_address),
    ("serial", SERIAL, _always),
    ("serial", BARE_SERIAL, _always),
    ("phone", PHONE, _always),
)
