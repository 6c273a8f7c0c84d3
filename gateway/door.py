"""A channel's way in: what a customer typed, pressed or filled in, as the message that the dialogue takes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import BadRequest, TooLarge
from contracts.wire import MAX_QUESTION_CHARS, Audience
from gateway import phrases
from gateway.message import MessageReader
from gateway.sessions import Offers
from gateway.turns import TALK_TO_PERSON, Incoming


@dataclass(frozen=True)
class Door:
    """Every method raises BadRequest or TooLarge for what can't be a message."""

    channel: str
    reader: MessageReader
    offers: Offers

    def said(self, conversation: str, key: str, text: str, audience: Audience = Audience.PUBLIC) -> Incoming:
        clean = self.reader.read(text)
        return Incoming(
            conversation, self.channel, audience, key, clean.text, for_rasa=clean.for_rasa, reply=clean.reply,
            short=clean.short,
        )  # fmt: skip

    def called(self, conversation: str, key: str, name: str, reply: str, audience: Audience) -> Incoming:
        """Our name and nothing else."""
        return Incoming(conversation, self.channel, audience, key, name, for_rasa="", reply=reply)

    def pressed(
        self, conversation: str, key: str, title: str, token: str, audience: Audience = Audience.PUBLIC
    ) -> Incoming:
        """A button; one that isn't of this conversation counts as its title, typed."""
        plain = self.said(conversation, key, title, audience)
        offer = self.offers.read(conversation, token)
        if offer is None or not isinstance(offer.content, str):
            return plain
        return Incoming(conversation, self.channel, audience, key, plain.text, for_rasa=offer.content, offer=offer)

    def filled_in(
        self, conversation: str, key: str, token: str, given: Mapping[str, str], audience: Audience = Audience.PUBLIC
    ) -> Incoming:
        """The values as the one message that the dialogue takes for a form: an intent with entities."""
        offer = self.offers.read(conversation, token)
        if offer is None or not isinstance(offer.content, dict):
            raise BadRequest(phrases.NOT_OUR_FORM)
        for field in given:
            if field not in offer.content["fields"]:
                raise BadRequest(phrases.UNKNOWN_FIELD.format(field=field))
        # A field that was left empty is sent as such, so that the dialogue refuses it by its name.
        values = {field: given.get(field, "").strip() for field in offer.content["fields"]}
        if not any(values.values()):
            raise BadRequest(phrases.EMPTY)
        if sum(map(len, values.values())) > MAX_QUESTION_CHARS:
            raise TooLarge(phrases.TOO_LONG)
        payload = f"/{offer.content['intent']}{json.dumps(values)}"
        said = " · ".join(text for text in values.values() if text)
        return Incoming(conversation, self.channel, audience, key, said, for_rasa=payload, offer=offer)

    def wants_person(self, conversation: str, key: str, audience: Audience = Audience.PUBLIC) -> Incoming:
        return Incoming(conversation, self.channel, audience, key, phrases.TALK_TO_PERSON, for_rasa=TALK_TO_PERSON)
