"""For operators, never routed from outside: see who wants a person, join, write, leave. Bearer: OPERATOR_TOKEN."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from contracts.errors import BadRequest, NoSession, NotFound
from contracts.wire import Problem, Wire
from gateway import phrases
from gateway.chat_api import NOT_FOUND, REFUSALS, Gateway
from gateway.chat_models import NO_NUL, History, Message, PersonState, WithPeople, WithPerson
from gateway.events import Event
from gateway.message import clean_text, tidy_text
from gateway.settings import settings

bearer = HTTPBearer(auto_error=False)


async def check_operator(authorization: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None) -> None:
    given = authorization.credentials if authorization else ""
    if not secrets.compare_digest(given.encode(), settings().operator_token.encode()):
        raise NoSession(phrases.NO_OPERATOR)


router = APIRouter(
    prefix="/operator/v1/conversations", dependencies=[Depends(check_operator)], responses={**REFUSALS, **NOT_FOUND}
)  # fmt: skip
ConversationId = Annotated[str, Path(max_length=64, pattern=NO_NUL)]


SOMEBODY_THERE: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "Somebody else is in this conversation."}
}


class Joining(Wire):
    name: Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]


class Words(Wire):
    text: Annotated[str, Field(min_length=1, max_length=4_000)]


@router.get("")
async def with_people(gateway: Gateway) -> WithPeople:
    found = await gateway.conversations.with_people()
    return WithPeople(conversations=tuple(WithPerson(id=id, person=p, since=since) for id, p, since in found))


@router.get("/{id}/messages")
async def read(id: ConversationId, gateway: Gateway) -> History:
    found = await gateway.conversations.history(id, None)
    if not found.messages:
        raise NotFound(phrases.NO_SUCH_CONVERSATION)
    return found


@router.post("/{id}/join", status_code=204, responses=SOMEBODY_THERE)
async def join(id: ConversationId, body: Joining, gateway: Gateway) -> None:
    """From now on the assistant is silent there and the customer's messages wait for the person."""
    name = clean_text(body.name)
    if not name:
        raise BadRequest(phrases.NO_NAME)
    await gateway.conversations.join(id, name)
    gateway.events.publish(id, Event("person", PersonState(state="joined", name=name)))
    gateway.in_step.look()


@router.post("/{id}/say")
async def say(id: ConversationId, body: Words, gateway: Gateway) -> Message:
    words = tidy_text(body.text)
    if not words:
        raise BadRequest(phrases.EMPTY)
    message = await gateway.conversations.say(id, words)
    gateway.events.publish(id, Event("reply", message, message.id))
    return message


@router.post("/{id}/leave", status_code=204)
async def leave(id: ConversationId, gateway: Gateway) -> None:
    """The assistant answers again, first of all what was left unanswered."""
    name = await gateway.conversations.leave(id)
    gateway.events.publish(id, Event("person", PersonState(state="left", name=name)))
    gateway.in_step.look()
    await gateway.turns.recover()
