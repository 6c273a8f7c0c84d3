"""Slack's spelling of a text, in and out. https://docs.slack.dev/messaging/formatting-message-text"""

import html
import re

REFERENCE = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
OTHERS = re.compile(r"<(?:@|!subteam\^)(\w+)[^<>]*>")
FENCE = "```"
CODE = r"```[\w+-]*\n?(?P<fenced>.*?)```|`(?P<code>[^`\n]+)`"
LINK = r"\[(?P<words>[^\[\]\n]+)\]\((?P<url>https?://[^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*)\)"
HELD = re.compile(rf"{CODE}|{LINK}|https?://[^\s<>]+", re.DOTALL)
PLACE = re.compile("\0(\\d+)\0")
BULLET = re.compile(r"^(\s*)[-*+] ", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?)[ #]*$", re.MULTILINE)
ITALIC = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?![\w*])")
BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*|(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)")
LINK_CHARS = 300


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


def names_others(text: str, bot: str) -> bool:
    """Whether it speaks to somebody by name, and not to us."""
    named = OTHERS.findall(text)
    return bool(named) and bot not in named


def escaped(text: str) -> str:
    """Text that Slack shows as it is: no mention, no link, no channel can be made by it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str) -> str:
    """The markdown of our answers as Slack's mrkdwn. Code and addresses stay as they are, all else is escaped."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(_in_slack(match))
        return f"\0{len(held) - 1}\0"

    told = escaped(HELD.sub(hold, text.replace("\0", "")))
    told = ITALIC.sub(r"_\1_", BULLET.sub(r"\1• ", told))
    told = BOLD.sub(lambda match: f"*{match[1] or match[2]}*", told)
    told = HEADING.sub(lambda match: f"*{match[1].replace('*', '')}*", told)
    return PLACE.sub(lambda match: held[int(match[1])], told)


def _in_slack(match: re.Match[str]) -> str:
    if match["fenced"] is not None:
        return f"{FENCE}\n{escaped(match['fenced']).strip()}\n{FENCE}"
    if match["url"] is not None:
        return link(match["url"], match["words"])
    return escaped(match[0])


def link(url: str, words: str) -> str:
    """A link, or the words alone when the address isn't one of the web or too long to be read."""
    if not url.startswith(("https://", "http://")) or re.search(r"[\s<>|]", url) or len(url) > LINK_CHARS:
        return escaped(words)
    return f"<{url.replace('&', '&amp;')}|{escaped(words).replace('|', '¦')}>"


def pieces(text: str, most: int) -> list[str]:
    """Slack's text in parts of at most `most` characters, cut between paragraphs, else lines, else words.

    No link and no `&amp;` is cut through; a block of code that is cut goes on as one.
    """
    parts: list[str] = []
    rest = text
    while len(rest) > most:
        cut = _cut(rest, max(most - len(FENCE) - 1, 1))
        part, rest = rest[:cut].rstrip(), rest[cut:].lstrip()
        if part.count(FENCE) % 2:
            part, rest = f"{part}\n{FENCE}", f"{FENCE}\n{rest}"
        parts.append(part)
    return [*parts, rest] if rest else parts


def _cut(text: str, most: int) -> int:
    for mark in ("\n\n", "\n", " "):
        at = _before_link(text, text.rfind(mark, 1, most))
        if at > most // 3:
            return at
    at = _before_link(text, most)
    broken = re.search(r"&\w*$", text[:at])
    return broken.start() if broken and broken.start() else at


def _before_link(text: str, at: int) -> int:
    """`at`, or where the link begins that it stands in."""
    begins = text.rfind("<", 0, max(at, 0))
    return begins if begins > text.rfind(">", 0, max(at, 0)) and begins > 0 else at
