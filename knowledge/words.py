"""Text to index words: lower case, no stop words, stems, with error codes and versions kept whole."""

import re
from functools import cache

import Stemmer

# `HL-2203`, `6.2`, `AES-256-GCM`, `T-000123` stay one word; `well-kept` becomes two.
WORD = re.compile(r"[a-z]*\d[\w]*(?:[.-]\w+)*|[a-z]{1,4}-\d[\w-]*|[^\W\d_]+(?:'[a-z]+)?", re.IGNORECASE)
STOP = frozenset(
    """a about am an and any are as at be been but by can could did do does doing for from had has have how i i'm
    if in into is it it's its me my of on one or our please so than that the their them then there these they this
    those to us was we were what when where which who why will with would you your yours i've don't doesn't
    can't isn't won't get got just""".split()
)


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def stem(word: str) -> str:
    """`deleted` → `delet`, lower case."""
    stemmed: str = _stemmer().stemWord(word.lower())
    return stemmed


def split_words(text: str) -> list[str]:
    """`How do I fix HL-2203 on Macs?` → `['fix', 'hl-2203', 'mac']`."""
    words = [word.lower() for word in WORD.findall(text.replace("’", "'"))]
    stems: list[str] = _stemmer().stemWords([word for word in words if word not in STOP])
    return stems
