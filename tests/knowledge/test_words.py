"""Words for the lexical index: codes whole, stop words gone, stems the same for one word's forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.words import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How do I fix HL-2203 on Macs?", ["fix", "hl-2203", "mac"]),
        ("version 6.2", ["version", "6.2"]),
        ("AES-256-GCM encryption", ["aes-256-gcm", "encrypt"]),
        ("ticket T-000123", ["ticket", "t-000123"]),
        ("well-kept", ["well", "kept"]),
        ("I can’t log in", ["log"]),
        ("500 GB", ["500", "gb"]),
        ("Überprüfung der Größe", ["überprüfung", "der", "größe"]),
        ("and of the", []),
        ("", []),
    ],
)
def test_text_is_split_into_index_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_forms_of_one_word_meet_in_one_stem() -> None:
    assert split_words("restore restored restoring") == ["restor"] * 3


@given(st.text(max_size=200))
def test_any_text_is_split_and_case_never_matters(text: str) -> None:
    assert all(word and not any(c.isspace() for c in word) for word in split_words(text))
    ascii_text = text.encode("ascii", "ignore").decode()
    assert split_words(ascii_text.upper()) == split_words(ascii_text.lower())
