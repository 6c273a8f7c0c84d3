"""Rasa's REST channel. It answers every error with `200 []`, so an empty answer counts as a failure here."""

import time
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from contracts.errors import DeadlinePassed, NeighbourDown, NeighbourLied
from contracts.wire import Evidence
from gateway.chat_models import FormField

PATH = "/webhooks/rest/webhook"
CONVERSATIONS = "/webhooks/rest/conversations"


class RasaButton(BaseModel):
    model_config = ConfigDict(extra="ignore")
    title: str
    payload: str = ""


class RasaMessage(BaseModel):
    """One element of the list that the channel gives."""

    model_config = ConfigDict(extra="ignore")
    text: str | None = None
    buttons: list[RasaButton] = []
    custom: dict[str, Any] = {}


class RasaForm(BaseModel):
    """A form that the dialogue is in. `intent` is what its values are sent as."""

    model_config = ConfigDict(extra="ignore")
    name: str
    title: str
    submit: str
    intent: str
    asked: str | None = None
    fields: tuple[FormField, ...]


class RasaReply(BaseModel):
    """All messages of a turn as one reply. `status` is what an action reported of a failure it told the customer."""

    text: str
    buttons: tuple[RasaButton, ...] = ()
    evidence: Evidence | None = None
    status: str = "answered"
    form: RasaForm | None = None
    person: str | None = None


MESSAGES = TypeAdapter(list[RasaMessage])


class RasaClient:
    """Speaks aiohttp, which costs a third of httpx's time; this is the one call that every turn makes."""

    def __init__(self, url: str) -> None:
        # Sanic closes a connection that was idle for 5 s; never send into one that it is just closing.
        connector = aiohttp.TCPConnector(limit=50, keepalive_timeout=4)
        self._url, self._http = url.rstrip("/"), aiohttp.ClientSession(connector=connector, trust_env=False)

    async def send(
        self, conversation: str, text: str, turn: str, audience: str, seconds: float, email: str | None = None
    ) -> RasaReply:
        """One turn of the dialogue. Raises DeadlinePassed, NeighbourDown or NeighbourLied.

        `email`: that of a customer whom the host site vouches for.
        """
        metadata: dict[str, Any] = {"turn_id": turn, "deadline_at": time.time() + seconds, "audience": audience}
        if email:
            metadata["customer_email"] = email
        body = {"sender": conversation, "message": text, "metadata": metadata}
        try:
            # One deadline for all of it: an answer that comes in drops must not outlast the turn.
            timeout = aiohttp.ClientTimeout(total=seconds)
            async with self._http.post(self._url + PATH, json=body, timeout=timeout) as response:
                content = await response.read()
            if response.status >= 300:
                raise NeighbourLied(f"Rasa answered with status {response.status}.")
            return join(MESSAGES.validate_json(content))
        except TimeoutError as error:
            raise DeadlinePassed(f"Rasa did not answer within {seconds:.1f} s.") from error
        except aiohttp.ClientError as error:
            raise NeighbourDown(f"Rasa can't be reached ({type(error).__name__}).") from error
        except ValidationError as error:
            raise NeighbourLied("Rasa gave something else than a list of messages.") from error

    async def set_paused(self, conversation: str, paused: bool, seconds: float) -> None:
        """The dialogue hears nothing while a person is there. Raises as `send` does."""
        url = f"{self._url}{CONVERSATIONS}/{conversation}/paused"
        try:
            timeout = aiohttp.ClientTimeout(total=seconds)
            async with self._http.put(url, json={"paused": paused}, timeout=timeout) as response:
                if response.status >= 300:
                    raise NeighbourLied(f"Rasa answered with status {response.status}.")
        except TimeoutError as error:
            raise DeadlinePassed(f"Rasa did not answer within {seconds:.1f} s.") from error
        except aiohttp.ClientError as error:
            raise NeighbourDown(f"Rasa can't be reached ({type(error).__name__}).") from error

    async def ready(self) -> bool:
        try:
            async with self._http.get(self._url + "/", timeout=aiohttp.ClientTimeout(total=2)) as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def close(self) -> None:
        await self._http.close()


def join(messages: list[RasaMessage]) -> RasaReply:
    """Raises NeighbourLied when there is nothing to say in them."""
    texts = [message.text.strip() for message in messages if message.text and message.text.strip()]
    if not texts:
        raise NeighbourLied("Rasa answered with nothing.")
    custom = {key: value for message in messages for key, value in message.custom.items()}
    return RasaReply.model_validate(
        {
            "text": "\n\n".join(texts),
            "buttons": tuple(button for message in messages for button in message.buttons),
            "evidence": custom.get("evidence"),
            "status": str(custom.get("status", "answered")),
            "form": _with_errors(custom.get("form"), messages),
            "person": custom.get("person"),
        }
    )


def _with_errors(form: Any, messages: list[RasaMessage]) -> Any:
    """Put what was said against a value to its field."""
    if not isinstance(form, dict):
        return None
    errors: dict[str, Any] = {}
    for message in messages:
        errors.update(message.custom.get("form_errors") or {})
    fields = [{**field, "error": errors.get(field.get("name"))} for field in form.get("fields", ())]
    return {**form, "fields": fields}
