"""The public chat API, version 1 (docs/chat-api.md): sessions, messages, events, ratings, "talk to a person"."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy.exc import SQLAlchemyError

from contracts.errors import NoSession, Used
from contracts.wire import TURN_HEADER, ChatReply, Problem
from gateway import phrases
from gateway.chat_models import (
    NO_NUL,
    History,
    IncomingMessage,
    Message,
    PersonRequest,
    Rated,
    Rating,
    SessionReply,
    SessionRequest,
    Taken,
)
from gateway.conversations import PAGE, Conversations, Standing
from gateway.door import Door
from gateway.events import Event, Events, Stream
from gateway.identity import Identities
from gateway.sessions import COOKIE, Customer, Offer, Offers, Session, Sessions, Vouchers
from gateway.settings import settings
from gateway.takeover import RasaInStep
from gateway.turns import Incoming, InLine, Turns

CHANNEL = "web"
LONGEST_WAIT_SECONDS = 60.0
BIGGEST_ID = 2**63 - 1

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is no JSON."},
    401: {"model": Problem, "description": "No session, or one that is forged, expired or over."},
    403: {"model": Problem, "description": "A page of an origin that isn't allowed."},
    413: {"model": Problem, "description": "Too large."},
    422: {"model": Problem, "description": "A field is wrong; the sentence names it."},
    429: {"model": Problem, "description": "Too fast; Retry-After says when."},
    503: {"model": Problem, "description": "Busy or without its database; Retry-After says when."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "Not of this conversation."}}
USED_BEFORE: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Works once and was used."}}

PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
# FastAPI would describe a refusal of the stream as a stream too.
REFUSALS_OF_STREAM: dict[int | str, dict[str, Any]] = {
    status: {"description": refusal["description"], "content": PROBLEM} for status, refusal in REFUSALS.items()
}

router = APIRouter(prefix="/chat/v1", tags=["chat"], responses=REFUSALS)
bearer = HTTPBearer(auto_error=False, description="The token that POST /session gave.")
cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="The same, where it was asked for as a cookie.")


@dataclass(frozen=True)
class Services:
    """What the routes work with; `gateway.api` builds it."""

    sessions: Sessions
    offers: Offers
    identities: Identities
    vouchers: Vouchers
    conversations: Conversations
    events: Events
    turns: Turns
    in_step: RasaInStep
    door: Door


async def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


Gateway = Annotated[Services, Depends(services)]


async def given_session(
    gateway: Gateway,
    authorization: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None,
    in_cookie: Annotated[str | None, Depends(cookie)] = None,
) -> Session | None:
    return gateway.sessions.read(authorization.credentials if authorization else in_cookie)


GivenSession = Annotated[Session | None, Depends(given_session)]


async def current_session(gateway: Gateway, session: GivenSession) -> Session:
    """Raises NoSession for a token that is worth nothing. Without its database the signature alone counts."""
    if session is None:
        raise NoSession(phrases.NO_SESSION)
    try:
        if (await gateway.conversations.standing(session.conversation)).ended:
            raise NoSession(phrases.NO_SESSION)
    except SQLAlchemyError:
        pass
    return session


CurrentSession = Annotated[Session, Depends(current_session)]
TurnId = Annotated[str, Path(max_length=64, pattern=NO_NUL)]
Id = Annotated[int, Field(ge=0, le=BIGGEST_ID)]
Absent = SkipJsonSchema[None]  # a query or a header can be left out, but it can't be null


@router.post("/session", responses=USED_BEFORE, openapi_extra={"security": [{}]})  # works without a token too
async def begin_or_resume(
    body: SessionRequest, gateway: Gateway, given: GivenSession, response: Response
) -> SessionReply:
    """Begin a conversation or resume the one of the token; see docs/chat-api.md."""
    standing, customer, resumed = Standing(), None, False
    if given is not None:
        standing = await _standing(gateway, given)
        resumed = not standing.ended
        if standing.ended or (standing.customer is not None and body.identity is None):
            given, resumed = None, False
    if body.identity is not None:
        customer, once = _vouched_for(gateway, body.identity)
        theirs, known = await gateway.conversations.identify(
            gateway.sessions.begin(), CHANNEL, customer.id, customer.email, once
        )
        resumed = known if given is None else theirs == given.conversation
        if given is None or theirs != given.conversation:
            given = Session(theirs, gateway.sessions.issue(theirs)[1], stale=True)
            standing = await gateway.conversations.standing(theirs)
    conversation = given.conversation if given else gateway.sessions.begin()
    history = await _history(gateway, conversation) if given else History(messages=(), more=False)
    token, expires_at = None, None
    if given is None or given.stale or body.transport == "bearer":
        token, expires_at = gateway.sessions.issue(conversation)
    if body.transport == "cookie" and token is not None:
        response.set_cookie(
            COOKIE, token, max_age=gateway.sessions.seconds, httponly=True, samesite="lax",
            secure=settings().secure_cookie, path="/",
        )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return SessionReply(
        token=token if body.transport == "bearer" else None,
        expires_at=expires_at or (given.expires_at if given else datetime.now(UTC)), resumed=resumed,
        voucher=gateway.vouchers.issue(customer) if customer else None,
        messages=history.messages, more=history.more, person=standing.person if given else None,
        customer=standing.customer if given else None,
    )  # fmt: skip


async def _standing(gateway: Services, session: Session) -> Standing:
    try:
        return await gateway.conversations.standing(session.conversation)
    except SQLAlchemyError:
        return Standing()


async def _history(gateway: Services, conversation: str) -> History:
    """Without its database the chat begins with an empty page, but it begins."""
    try:
        return await gateway.conversations.history(conversation, None)
    except SQLAlchemyError:
        return History(messages=(), more=False)


def _vouched_for(gateway: Services, token: str) -> tuple[Customer, Offer | None]:
    """Whom the host site, or a voucher of ours, says this is; and what is used up by that. What was said before stays
    apart: who began an anonymous conversation need not be who logs in. Raises BadRequest."""
    known = gateway.vouchers.read(token)
    if known is not None:
        return known, None
    identity = gateway.identities.read(token)
    return Customer(identity.customer, identity.email), Offer(None, identity.token_id, identity.expires_at)


@router.delete("/session", status_code=204)
async def end(gateway: Gateway, session: CurrentSession, response: Response) -> None:
    """End the conversation; its tokens are worth nothing from now on."""
    await gateway.conversations.end(session.conversation, CHANNEL)
    gateway.events.end(session.conversation)
    response.delete_cookie(COOKIE, path="/")


@router.get("/messages")
async def history(
    gateway: Gateway,
    session: CurrentSession,
    before: Annotated[Id | Absent, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = PAGE,
) -> History:
    """What was said, oldest first."""
    return await gateway.conversations.history(session.conversation, before, limit)


@router.post(
    "/messages",
    status_code=202,
    responses={200: {"model": ChatReply, "description": "With `Prefer: wait`: the reply."}, **USED_BEFORE},
)
async def say(
    body: IncomingMessage,
    gateway: Gateway,
    session: GivenSession,
    response: Response,
    prefer: Annotated[str | None, Header(max_length=200)] = None,
) -> Taken | ChatReply:
    """Say something. Answered over the events, or right here with `Prefer: wait`."""
    if session is None:
        raise NoSession(phrases.NO_SESSION)
    incoming = _incoming(gateway, session.conversation, body)
    try:
        one = await gateway.turns.take_in(incoming)
    except Used:
        if body.form is not None:
            raise
        one = await gateway.turns.take_in(gateway.door.said(session.conversation, incoming.key, body.text))
    return await _taken(one, prefer, response)


@router.post("/person", status_code=202, responses={200: {"model": ChatReply, "description": "With `Prefer: wait`."}})
async def talk_to_person(
    body: PersonRequest,
    gateway: Gateway,
    session: GivenSession,
    response: Response,
    prefer: Annotated[str | None, Header(max_length=200)] = None,
) -> Taken | ChatReply:
    """Ask for a person, wherever the dialogue stands."""
    if session is None:
        raise NoSession(phrases.NO_SESSION)
    incoming = gateway.door.wants_person(session.conversation, body.key or secrets.token_hex(16))
    return await _taken(await gateway.turns.take_in(incoming), prefer, response)


async def _taken(one: InLine, prefer: str | None, response: Response) -> Taken | ChatReply:
    if prefer is not None and re.search(r"\bwait\b", prefer):
        await asyncio.wait([one.reply], timeout=LONGEST_WAIT_SECONDS)
        if one.reply.done():
            response.status_code = 200
            reply = one.reply.result()
            response.headers[TURN_HEADER] = reply.turn_id
            return reply
    return Taken(id=one.id, key=one.message.key, at=one.at)


def _incoming(gateway: Services, conversation: str, body: IncomingMessage) -> Incoming:
    key = body.key or secrets.token_hex(16)
    if body.form is not None:
        return gateway.door.filled_in(conversation, key, body.form.token, body.form.values)
    if body.button is not None:
        return gateway.door.pressed(conversation, key, body.text, body.button)
    return gateway.door.said(conversation, key, body.text)


async def open_stream(gateway: Gateway, session: CurrentSession) -> AsyncIterator[Stream]:
    """Opened before the response begins, so that a refusal has a status; closed when the response is over."""
    with gateway.events.listen(session.conversation) as stream:
        yield stream


@router.get("/events", response_class=EventSourceResponse, responses=REFUSALS_OF_STREAM)
async def events(
    gateway: Gateway,
    session: CurrentSession,
    stream: Annotated[Stream, Depends(open_stream)],
    last_event_id: Annotated[Id | Absent, Header()] = None,
    after: Annotated[Id | Absent, Query()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """What happens from now on, after what was missed since `Last-Event-ID`."""
    conversation, seen = session.conversation, last_event_id if last_event_id is not None else after
    yield ServerSentEvent(comment="listening")
    if seen is not None:
        for message in await gateway.conversations.after(conversation, seen):
            seen = message.id
            yield _sse(_event(message))
    while event := await _next(stream, session):
        if event.id is None or seen is None or event.id > seen:
            yield _sse(event)


async def _next(stream: Stream, session: Session) -> Event | None:
    """None when the stream or the session is over."""
    try:
        async with asyncio.timeout((session.expires_at - datetime.now(UTC)).total_seconds()):
            return await stream.get()
    except TimeoutError:
        return None


def _event(message: Message) -> Event:
    if message.author == "customer":
        return Event("received", message, message.id)
    return Event("reply" if message.status == "answered" else "error", message, message.id)


def _sse(event: Event) -> ServerSentEvent:
    id = None if event.id is None else str(event.id)
    return ServerSentEvent(event=event.kind, id=id, raw_data=event.data.model_dump_json())


@router.put("/turns/{turn_id}/rating", status_code=204, responses=NOT_FOUND)
async def rate(turn_id: TurnId, body: Rating, gateway: Gateway, session: CurrentSession) -> None:
    """👍 or 👎; the last one counts."""
    await gateway.conversations.rate(session.conversation, turn_id, body)
    gateway.events.publish(session.conversation, Event("rated", Rated(turn_id=turn_id, rating=body.value)))


@router.delete("/turns/{turn_id}/rating", status_code=204, responses=NOT_FOUND)
async def take_rating_back(turn_id: TurnId, gateway: Gateway, session: CurrentSession) -> None:
    await gateway.conversations.rate(session.conversation, turn_id, None)
    gateway.events.publish(session.conversation, Event("rated", Rated(turn_id=turn_id, rating=None)))
