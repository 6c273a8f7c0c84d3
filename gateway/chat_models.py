"""What the chat API takes and gives (docs/chat-api.md)."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from contracts.wire import Button, Decision, Wire

# A body holds at most 64 KiB; the text is measured after cleaning, with a sentence of its own.
MAX_RAW_CHARS = 65_536
MAX_FIELDS = 20

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{8,64}$")]
Token = Annotated[str, Field(max_length=8_000)]


UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")
NO_NUL = r"^[^\x00]*$"


def _whole_characters(text: object) -> object:
    """JSON can spell half a character (`"\\ud800"`) and NUL, which nothing behind us can store: a blank instead."""
    return UNSTORABLE.sub(" ", text) if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(_whole_characters), Field(max_length=MAX_RAW_CHARS)]


class SessionRequest(Wire):
    transport: Literal["cookie", "bearer"] = "cookie"
    identity: Annotated[str, Field(max_length=4_000)] | None = None


class FormValues(Wire):
    """A filled-in form: the token it came with, and the values by field."""

    token: Token
    values: Annotated[dict[Annotated[str, Field(max_length=64)], Text], Field(max_length=MAX_FIELDS)]


class IncomingMessage(Wire):
    """A text, or the press of a button (then `text` is its title), or a form."""

    text: Text = ""
    key: Key | None = None
    button: Token | None = None
    form: FormValues | None = None


class PersonRequest(Wire):
    key: Key | None = None


class Rating(Wire):
    value: Literal["up", "down"]
    reason: Literal["wrong", "incomplete", "outdated", "unclear", "other"] | None = None
    comment: Annotated[str, BeforeValidator(_whole_characters), Field(max_length=1_000)] | None = None


class Taken(Wire):
    """A message that was taken in. `id` is null when the database could not keep it; it is answered all the same."""

    id: int | None
    key: str
    at: datetime


class SourceLink(Wire):
    title: str
    url: str
    updated_at: datetime


class FieldOption(Wire):
    value: str
    label: str


class FormField(Wire):
    name: str
    label: str
    kind: Literal["email", "text", "choice"]
    options: tuple[FieldOption, ...] = ()
    value: str | None = None
    error: str | None = None


class Form(Wire):
    name: str
    title: str
    submit: str
    token: str
    asked: str | None = None
    fields: tuple[FormField, ...]


class Message(Wire):
    """A line of the conversation, of the customer, the assistant or a person."""

    id: int | None
    author: Literal["customer", "assistant", "person"]
    name: str | None = None
    text: str
    at: datetime
    key: str | None = None
    turn_id: str | None = None
    status: str = "answered"
    decision: Decision | None = None
    sources: tuple[SourceLink, ...] = ()
    buttons: tuple[Button, ...] = ()
    form: Form | None = None
    rating: Literal["up", "down"] | None = None


class PersonState(Wire):
    """`asked`: the customer wants a person. `joined`: one is there. `left`: the assistant answers again."""

    state: Literal["asked", "joined", "left"]
    name: str | None = None


class Thinking(Wire):
    turn_id: str


class Rated(Wire):
    turn_id: str
    rating: Literal["up", "down"] | None


class History(Wire):
    messages: tuple[Message, ...]
    more: bool


class SessionReply(Wire):
    token: str | None
    expires_at: datetime
    resumed: bool
    messages: tuple[Message, ...] = ()
    more: bool = False
    person: PersonState | None = None
    customer: str | None = None
    voucher: str | None = None


class WithPerson(Wire):
    """A conversation that wants or has a person, since when."""

    id: str
    person: PersonState
    since: datetime


class WithPeople(Wire):
    conversations: tuple[WithPerson, ...]
