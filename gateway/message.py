"""Make a message fit for the dialogue, or say in a sentence why it can't be."""

import re
import unicodedata
from dataclasses import dataclass

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from contracts.errors import BadRequest, TooLarge
from contracts.wire import MAX_QUESTION_CHARS
from gateway import phrases

UNFINISHED_WORDS = 3
UNFINISHED_CHARS = 30
PLAIN_WORDS = re.compile(r"[^\W\d_]+(?:[ ,'’-]+[^\W\d_]+)*,?")
# Line breaks; joiners of letters and emoji; the three marks of direction that can't turn a line around.
SHAPING = "\n\u200c\u200d\u200e\u200f\u061c"
# Emoji as Slack writes them, `:tada:` or `:wave::skin-tone-2:`; but not the middle of 10:30:45.
EMOJI_NAMES = re.compile(r"(?<![\w:])(?::(?:[a-z0-9_+'-]*[a-z+][a-z0-9_+'-]*|100):)+(?![\w:])")
LETTER_OR_DIGIT = re.compile(r"[^\W_]")
ENGLISH = "en"
# Languages that customers of a European company write; a longer list finds rare ones in short English questions.
LANGUAGES = (
    ENGLISH,
    *["cs", "da", "de", "el", "es", "fi", "fr", "hu", "it", "nl", "no", "pl", "pt", "ro", "ru", "sv", "tr", "uk"],
)
SURE_OF_LANGUAGE = 0.85
WORDS_TO_TELL_A_LANGUAGE = 4


@dataclass(frozen=True)
class CleanMessage:
    """`text` is shown and kept. `for_rasa` is never read as a command; `reply` is set when the message needs no
    dialogue at all.

    `short`: it looks like a part of something longer, so that one waits for the rest of it.
    """

    text: str
    for_rasa: str = ""
    reply: str | None = None
    short: bool = False


class MessageReader:
    """Holds the language model (loaded once, 0.2 s)."""

    def __init__(self) -> None:
        self._languages = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._languages.set_languages(LANGUAGES)

    def read(self, raw: str) -> CleanMessage:
        """Raises BadRequest for what holds no text, TooLarge for too much of it."""
        text, words = tidy_text(raw), clean_text(EMOJI_NAMES.sub(" ", raw))
        if not text:
            raise BadRequest(phrases.EMPTY)
        if len(text) > MAX_QUESTION_CHARS:
            raise TooLarge(phrases.TOO_LONG)
        if not LETTER_OR_DIGIT.search(words):
            return CleanMessage(text, reply=phrases.NO_WORDS)
        if self._foreign(words):
            return CleanMessage(text, reply=phrases.NOT_ENGLISH)
        # Rasa takes a text that begins with "/" for an intent; from a customer it is text.
        return CleanMessage(text, for_rasa=words.lstrip("/ "), short=looks_unfinished(words))

    def _foreign(self, text: str) -> bool:
        words = re.findall(r"[^\W\d_]+", text)
        letters = "".join(words)
        if letters and sum(_is_latin(letter) for letter in letters) / len(letters) < 0.5:
            return True
        if len(words) < WORDS_TO_TELL_A_LANGUAGE:
            return False
        language, probability = self._languages.classify(text)
        return bool(language != ENGLISH and probability >= SURE_OF_LANGUAGE)


def looks_unfinished(text: str) -> bool:
    """A few plain words without an end: "hi", "my backup". What has digits or an @ is a number or an address."""
    return len(text) <= UNFINISHED_CHARS and len(text.split()) <= UNFINISHED_WORDS and bool(PLAIN_WORDS.fullmatch(text))


def tidy_text(raw: str) -> str:
    """As people are to see it: line breaks, emoji and the joiners in them stay; what would hide or turn text goes.

    An empty text when there is nothing to see. Characters that this Python doesn't know yet are taken for emoji.
    """
    kept = "".join(
        c if c in SHAPING or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") else " "
        for c in raw.replace("\r\n", "\n")
    )
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in kept.split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return text if any(c not in SHAPING and not c.isspace() for c in text) else ""


def clean_text(raw: str) -> str:
    """For programs: control, format and unknown characters out, white space to single blanks."""
    kept = (c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") else " " for c in raw)
    return re.sub(r"\s+", " ", "".join(kept)).strip()


def _is_latin(letter: str) -> bool:
    return ord(letter) < 0x0250 or 0x1E00 <= ord(letter) <= 0x1EFF
