"""Words of support talk for comparing questions: what means the same here, what excludes each other.

Words are written as people type them and stemmed when this is loaded.
"""

import re

from knowledge.words import stem

# Phrases first become one word.
PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\b(?:turn|switch)(?:ed|ing|s)?(?: \w+)? on\b", "enable"),
        (r"\b(?:turn|switch|shut)(?:ed|ing|s|ting)?(?: \w+)? off\b", "disable"),
        (r"\b(?:sign|log)(?:ged|ging|ing|s)? ?-?(?:out|off)\b", "signout"),
        (r"\b(?:sign|log)(?:ged|ging|ing|s)? ?-?in\b", "signin"),
        (r"\b(?:get|bring|got) (?:\w+ )?rid of\b", "delete"),
        (r"\b(?:throw|threw|thrown)(?: \w+)? (?:away|out)\b", "delete"),
        (r"\b(?:get|bring)(?: \w+){0,3} back\b", "restore"),
        (r"\bleav(?:e|ing)(?: \w+){0,3} out\b", "exclude"),
        (r"\bback(?:ed|ing|s)? ?-?up\b", "backup"),
        (r"\bmoney back\b", "refund"),
        (r"\b(?:2fa|mfa|second factor|two-factor|2-step)\b", "two step signin"),
        (r"\b(?:sso|single sign-on|single sign on|single signin)\b", "singlesignon"),
        (r"\be-mail\b", "email"),
        (r"\bput(?:ting)?(?: \w+){0,2} on hold\b", "pause"),
        (r"\broll(?:ing|ed|s)?(?: \w+)? out\b", "install"),
        (r"\b(?:command line|terminal)\b", "commandline"),
        (r"\b(?:security|recovery|api|encryption) key", "securitykey"),
        (r"\b(?:a|per|each|every) (month|year)\b", r"\1ly"),
        (r"\btwelve months\b", "yearly"),
    )
)

# Of one row: the same to us.
_ALIKE = (
    "subscription membership", "cancel quit terminate", "delete remove erase wipe",
    "restore recover undelete retrieve", "computer pc laptop machine notebook desktop",
    "phone mobile smartphone cellphone", "photo picture image pic pics foto", "invoice bill receipt",
    "price cost charge pay", "log logs diagnostics protocol", "largest biggest maximum max", "smallest minimum min",
    "folder directory directories", "file document doc", "enable activate", "disable deactivate",
    "install deploy set-up setup", "change update edit modify alter", "restrict limit throttle cap",
    "client app application", "colleague coworker employee", "user person people member somebody someone",
    "yearly annual annually year", "monthly month", "mac macos macs macbook imac", "windows win",
    "linux ubuntu debian fedora", "iphone ios ipad", "web website browser online", "guest external outsider",
    "signin login", "signout logout", "password pw", "quick fast", "buy purchase order", "payment pay", "stop end",
    "allow permit", "data stuff content", "available supported support work", "discount rebate cheaper",
    "send sent ship post mail", "see view look show shown display", "link url", "request call", "keep kept stay pin",
    "slow slower", "put set", "charity charities non-profit nonprofit", "duplicate twice double",
    "admin administrator", "region country countries", "chromebook chromeos", "entra azure",
)  # fmt: skip

# Naming one excludes the others of its row.
_RIVALS = (
    "windows mac linux iphone android web chromebook", "phone computer web tablet",
    "free solo family team business enterprise", "monthly yearly weekly daily hourly", "okta entra google onelogin",
    "synology qnap truenas", "intune jamf", "onedrive icloud dropbox", "paypal card invoice cheque bitcoin",
    "guest viewer editor manager commenter helpdesk auditor owner", "word excel powerpoint pdf outlook thunderbird",
    "minute hour day week",
)  # fmt: skip

# Left against right.
_OPPOSITES = (
    ("enable", "disable"), ("add create invite connect new", "delete lose disconnect uninstall revoke"),
    ("upgrade", "downgrade"), ("before", "after"), ("delete", "restore keep"),
    ("start begin resume renew", "stop cancel pause"),
    ("lock close", "unlock open"), ("upload", "download"), ("import", "export"), ("exclude", "include"),
    ("share", "unshare"), ("install", "uninstall"), ("backup", "restore"), ("signin", "signout"), ("buy", "cancel"),
    ("increase raise more faster", "decrease lower fewer less slower"), ("largest", "smallest"), ("first", "last"),
    ("join", "leave"), ("allow", "block forbid prevent"), ("hide", "show"), ("public", "private"), ("lift", "put"),
    ("accept", "decline refuse"), ("encrypt", "decrypt"), ("success", "fail"), ("same", "different other another"),
    ("with", "without"), ("send", "receive"), ("one single", "all every"), ("slow", "fast"), ("give", "take"),
    ("on", "off"),
)  # fmt: skip

NEGATIONS = frozenset(
    """no not never without cannot can't cant don't dont doesn't doesnt didn't isn't isnt won't wont wasn't aren't
    couldn't nothing""".split()
)

_STOP = """a able about also am an and another any anyone anything are as at be become been being both but by can could
    did do does doing done each every find for from get go going got had happen has have having he hello her here
    hey hi him his how i i'd i'll i'm i've if in into is it it's its just like long many me much my need now
    number of offer on or our ours out own per plan please possible quick question really she should since so
    some something than thanks that the their them then there these they this those through to too under until
    up us use used using was way we we're were what what's when where which while who why will with wondering
    would you your yours error mean meaning because honest don't doesn't can't isn't won't didn't dont doesnt
    cant isnt wont didnt no not whats hows im ive u ur r plz pls guys folks harborlight"""
_NOT_MISSPELT = frozenset(
    "form cold hose hat old one hen ill log three ten lan usd sing bot dot man men ever sue sued".split()
)


def _with_misspelt(words: list[str]) -> frozenset[str]:
    """Also with two letters swapped (`waht`) or, from four letters on, one left out (`wen`)."""
    swapped = {w[:i] + w[i + 1] + w[i] + w[i + 2 :] for w in words if len(w) > 2 for i in range(len(w) - 1)}
    shortened = {w[:i] + w[i + 1 :] for w in words if len(w) > 3 for i in range(len(w))}
    return frozenset(words) | ((swapped | shortened) - _NOT_MISSPELT)


STOP = _with_misspelt(_STOP.split())

# What a question asks for; the first that fits.
TYPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("reason", re.compile(r"\bwhy\b|\bhow come\b|\breason\b")),
    ("price", re.compile(r"\bhow (?:much|mcuh) (?:is|are|does|do|would|for)\b|\bcosts?\b|\bprice|\bcharge for\b")),
    ("time", re.compile(r"\bhow (?:long|soon|fast)\b|^when\b|\buntil when\b|\bat what point\b|\bsince when\b")),
    ("amount", re.compile(r"\bhow (?:many|large|big|much)\b|\blargest\b|\bbiggest\b|\bmax|\blimit on\b")),
    ("person", re.compile(r"^who\b")),
    ("place", re.compile(r"^where\b")),
    ("outcome", re.compile(r"\bwhat (?:happens|will happen|happened)\b")),
    ("way", re.compile(r"\bhow (?:do|can|to|does|should)\b")),
)


def _stems(row: str) -> list[str]:
    return [stem(word) for word in row.split()]


ALIKE = {word: _stems(row)[0] for row in _ALIKE for word in _stems(row)}


def _canonical(row: str) -> list[str]:
    return list(dict.fromkeys(ALIKE.get(word, word) for word in _stems(row)))


RIVALS = {
    word: tuple(number for number, row in enumerate(_RIVALS) if word in _canonical(row))
    for words in _RIVALS
    for word in _canonical(words)
}
OPPOSITES = {
    word: frozenset(
        (number, side) for number, rows in enumerate(_OPPOSITES) for side in (0, 1) if word in _canonical(rows[side])
    )
    for rows in _OPPOSITES
    for row in rows
    for word in _canonical(row)
}
