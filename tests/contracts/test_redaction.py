"""What redaction takes, what it leaves, and that no text upsets it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.redaction import RULES, SUSPECT, luhn_valid, redact

# Characters that the patterns are made of: random text from these comes near an identifier often.
NEAR_IDENTIFIERS = st.text("0123456789abcdefABCDEF@.:-+ ()/#<>_S/Nserialhl_pat_sk_HA-IE", max_size=80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ann.o'neil+work@mail.example.com today", "email"),
        ("card 4111 1111 1111 1111 please", "card"),
        ("card 4111-1111-1111-1111.", "card"),
        ("card 4111 1111 1111 1111 12/27", "card"),
        ("order 12 4111 1111 1111 1111", "card"),
        ("amex 3782 822463 10005 04/28", "card"),
        ("pay to IE29 AIBK 9311 5212 3456 78 now", "iban"),
        ("pay to DE89370400440532013000", "iban"),
        ("from 192.168.178.23 again", "ip"),
        ("from 2001:db8::8a2e:370:7334 again", "ip"),
        ("from fe80::1 again", "ip"),
        ("from 2001:0db8:85a3:0000:0000:8a2e:0370:7334", "ip"),
        ("adapter 3c:22:fb:4a:91:0e", "ip"),
        ("call +353 21 496 0123 after five", "phone"),
        ("call 0049 30 901820 after five", "phone"),
        ("call 021 496 0123 after five", "phone"),
        ("call (+44) 20 7946 0958", "phone"),
        ("token hl_pat_9f8e7d6c5b4a", "secret"),
        ("token xoxb-123456789-abcdef", "secret"),
        ("account HA-204817 is read-only", "account"),
        ("invoice HL-INV-2026-30217 is open", "invoice"),
        ("send it to 14 Albion Terrace, Bristol BS1 6XT", "address"),
        ("send it to 12 quai des Bateliers, Annecy", "address"),
        ("send it to Industriestr. 41, 58511 Lüdenscheid", "address"),
        ("send it to Via Garibaldi 9, 16124 Genova", "address"),
        ("serial number: HLX9-88210A", "serial"),
    ],
)
def test_an_identifier_is_taken_out(text: str, expected: str) -> None:
    assert f"<{expected}>" in redact(text)
    assert not set(_long_parts(text)) & set(_long_parts(redact(text))) - {"<phone>"}


def _long_parts(text: str) -> list[str]:
    """The words with a digit in them that would tell something."""
    return [word for word in text.replace("/", " ").split() if sum(c.isdigit() for c in word) >= 3]


@pytest.mark.parametrize(
    "text",
    [
        "HL-2203 means TLS inspection; use version 6.2 or 5.9.",
        "It costs €67.50 a month in place of €90, 1 March 2026 to 28 February 2027.",
        "Up to 8 TB Restore Drive, EU only; 5 GB stay. On 3 March Team Court opens. The 12 Recovery words.",
        "Open TCP 443 and UDP 21127, at most 600 requests a minute.",
        "The job ran at 23:59:59 and again at 02:00:15.",
        "Order 1234567890123456 is not a card.",
        "Ticket T-000123 took 2026-11-23T09:14:00.",
        "Run harbor restore C:\\Users --at 12:30 and std::vector stays.",
    ],
)
def test_ordinary_support_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("number", ["4111111111111111", "378282246310005", "6011 0009 9013 9424", "0"])
def test_luhn_accepts_valid_numbers(number: str) -> None:
    assert luhn_valid(number)


@given(digits=st.text("0123456789", min_size=12, max_size=18), position=st.integers(0, 17), step=st.integers(1, 9))
def test_luhn_notices_one_wrong_digit(digits: str, position: int, step: int) -> None:
    check = next(str(d) for d in range(10) if luhn_valid(digits + str(d)))
    number = digits + check
    at = position % len(number)
    assert not luhn_valid(number[:at] + str((int(number[at]) + step) % 10) + number[at + 1 :])


@given(st.one_of(st.text(max_size=200), NEAR_IDENTIFIERS))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(
    name=st.from_regex(r"[a-z][a-z0-9._+-]{0,15}", fullmatch=True),
    host=st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z]{2,6}){1,2}", fullmatch=True),
)
def test_every_mail_address_is_taken_out(name: str, host: str) -> None:
    assert redact(f"write to {name}@{host} now") == "write to <email> now"


@given(st.lists(st.integers(0, 255), min_size=4, max_size=4))
def test_every_ipv4_address_is_taken_out(parts: list[int]) -> None:
    assert redact(f"from {'.'.join(map(str, parts))} again") == "from <ip> again"


@given(st.ip_addresses(v=6).filter(int))
def test_every_ipv6_address_is_taken_out(address: object) -> None:
    assert redact(f"from {address} again") == "from <ip> again"


@given(body=st.text("0123456789", min_size=15, max_size=15), gap=st.sampled_from(["", " ", "-"]))
def test_every_card_is_taken_out(body: str, gap: str) -> None:
    digits = next(body + str(d) for d in range(10) if luhn_valid(body + str(d)))
    card = gap.join(digits[i : i + 4] for i in range(0, 16, 4))
    assert redact(f"my card {card} 11/28 fails").startswith("my card <card>")


@pytest.mark.parametrize("piece", ["a", "1", "a.", "1 ", "ab:", "+", "0-", "(", "A1B2 ", "S/N ", "a@", "eyJ"])
def test_the_longest_message_is_redacted_at_once(piece: str) -> None:
    started = time.perf_counter()
    redact(piece * (4_000 // len(piece)))
    assert time.perf_counter() - started < 1


@given(NEAR_IDENTIFIERS)
def test_what_is_passed_over_at_a_glance_holds_nothing(text: str) -> None:
    """The glance may send too much to the rules, never too little."""
    found = any(pattern.search(text) for _, pattern, _ in RULES)
    assert SUSPECT.search(text) or not found
