"""Slack's spelling of a text, in and out. https://docs.slack.dev/messaging/formatting-message-text"""

import html
import re

REFERENCE = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
BULLET = re.compile(r"^(\s*)[-*] ", re.MULTILINE)


def plain(text: str, bot: str) -> str:
    """What a person sees of a message: links by their words, no mention of our own, `&amp;` as `&`."""

    def shown(match: re.Match[str]) -> str:
        sign, target, label = match[1], match[2], match[3]
        if sign == "@":
            return "" if target == bot else (f"@{label}" if label else "somebody")
        if sign == "#":
            return f"#{label or 'channel'}"
        if sign == "!":
            return ""
        return label or target.removeprefix("mailto:").removeprefix("tel:")

    return html.unescape(REFERENCE.sub(shown, text)).strip()


def escaped(text: str) -> str:
    """Text that Slack shows as it is: no mention, no link, no channel can be made by it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str) -> str:
    """Our answers as Slack's mrkdwn: escaped, list marks as bullets."""
    return BULLET.sub(r"\1• ", escaped(text))


def link(url: str, words: str) -> str:
    """A link, or the words alone when the address isn't one of the web."""
    if not url.startswith(("https://", "http://")) or re.search(r"[\s<>|]", url):
        return escaped(words)
    return f"<{url.replace('&', '&amp;')}|{escaped(words).replace('|', '¦')}>"


def pieces(text: str, most: int) -> list[str]:
    """`text` in parts of at most `most` characters, cut between paragraphs, else lines, else words."""
    parts: list[str] = []
    rest = text
    while len(rest) > most:
        cut = next((at for mark in ("\n\n", "\n", " ") if (at := rest.rfind(mark, 1, most)) > most // 3), most)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts
