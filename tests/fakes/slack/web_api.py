"""The door of the Web API: `POST /api/{method}`, with tokens, scopes, rate limits and faults."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.slack.arguments import Arguments, read_arguments
from tests.fakes.slack.errors import SlackError, invalid_arguments
from tests.fakes.slack.faults import Fault, Faults, Refusal
from tests.fakes.slack.limits import RateLimits
from tests.fakes.slack.workspace import CHANNEL_KINDS, Channel, Workspace, new_id

if TYPE_CHECKING:
    from tests.fakes.slack.happenings import Happenings
    from tests.fakes.slack.socket_mode import Sockets

Json = dict[str, Any]
Answer = Callable[["Api", Arguments], Json]


@dataclass(frozen=True)
class Method:
    name: str
    answer: Answer
    scopes: tuple[str, ...]
    """Any one of these will do; empty means none is needed."""
    required: tuple[str, ...]
    takes_json: bool
    token: str


METHODS: dict[str, Method] = {}


def method(
    name: str, scopes: Iterable[str] = (), required: Iterable[str] = (), takes_json: bool = True, token: str = "xoxb"
) -> Callable[[Answer], Answer]:
    """Register a function as the answer of a Web API method."""

    def register(answer: Answer) -> Answer:
        METHODS[name] = Method(name, answer, tuple(scopes), tuple(required), takes_json, token)
        return answer

    return register


def kinds_of_scope(action: str) -> tuple[str, ...]:
    """`channels:read`, `groups:read`, `im:read`, `mpim:read`: which one is needed depends on the conversation."""
    return tuple(f"{kind}:{action}" for kind in CHANNEL_KINDS.values())


@dataclass
class Call:
    """One request to the Web API, and what came of it."""

    method: str
    args: Json
    at: float
    token: str
    answer: Json = field(default_factory=dict)
    status: int = 200
    fault: Fault | None = None

    @property
    def ok(self) -> bool:
        return bool(self.answer.get("ok"))

    @property
    def error(self) -> str | None:
        return self.answer.get("error")


class Api:
    """What methods work with."""

    def __init__(self, workspace: Workspace, happenings: "Happenings", sockets: "Sockets", faults: Faults) -> None:
        self.workspace = workspace
        self.happenings = happenings
        self.sockets = sockets
        self.faults = faults
        self.limits = RateLimits()
        self.calls: list[Call] = []
        self.base = ""
        """`http://127.0.0.1:port`, once the server listens."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call: faults before it, its effect, faults after it."""
        name = request.match_info["method"]
        call = Call(name, {}, time.time(), "")
        self.calls.append(call)
        call.fault = fault = self.faults.next(name)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is None or fault.after or not (fault.spoils or isinstance(fault, Refusal)):
            answer = await self._answer(request, call)
        else:
            call.args = await self._read_quietly(request, name)
        if fault is not None and (fault.spoils or isinstance(fault, Refusal)):
            return self._spoil(request, call, fault)
        return answer

    async def _read_quietly(self, request: web.Request, name: str) -> Json:
        try:
            return (await read_arguments(request, takes_json=True))[0]
        except SlackError:
            return {}

    def _spoil(self, request: web.Request, call: Call, fault: Fault) -> web.Response:
        if isinstance(fault, Refusal):
            call.answer = {"ok": False, "error": fault.error, **fault.extra}
            return self._respond(call, None)
        if fault.cut:
            call.status = 0
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        call.status = fault.status or 200
        return web.Response(status=call.status, text=fault.body, content_type=fault.content_type, headers=fault.headers)

    async def _answer(self, request: web.Request, call: Call) -> web.Response:
        known = METHODS.get(call.method)
        warning = None
        headers = {}
        try:
            arguments, warning = await read_arguments(request, known is None or known.takes_json)
            call.token = _token(request, arguments)
            call.args = dict(arguments)
            if known is None:
                raise SlackError("unknown_method", req_method=call.method)
            with self.workspace.lock:
                call.answer = {"ok": True, **self._perform(known, call, arguments)}
        except SlackError as refused:
            call.answer = refused.answer
            if refused.error == "ratelimited":
                call.status = 429
                headers["Retry-After"] = str(call.answer.pop("retry_after"))
        return self._respond(call, known, warning, headers)

    def _perform(self, known: Method, call: Call, arguments: Arguments) -> Json:
        if known.token:
            self._check_token(call.token, known.token)
        seconds = self.limits.wait(known.name, arguments.text("channel"), self.workspace.clock.now())
        if seconds:
            raise SlackError("ratelimited", retry_after=seconds)
        if known.scopes and not self.workspace.app.scopes.intersection(known.scopes):
            raise self.missing_scope(*known.scopes)
        missing = [name for name in known.required if arguments.get(name) in (None, "")]
        if missing:
            raise invalid_arguments(*(f"missing required field: {name}" for name in missing))
        return known.answer(self, arguments)

    def _check_token(self, token: str, kind: str) -> None:
        app = self.workspace.app
        if not token:
            raise SlackError("not_authed")
        if token not in (app.bot_token, app.app_token):
            raise SlackError("invalid_auth")
        if app.uninstalled:
            raise SlackError("account_inactive")
        if app.revoked and token == app.bot_token:
            raise SlackError("token_revoked")
        if not token.startswith(kind):
            raise SlackError("not_allowed_token_type")

    def missing_scope(self, *needed: str) -> SlackError:
        provided = ",".join(sorted(self.workspace.app.scopes))
        return SlackError("missing_scope", needed=",".join(needed), provided=provided)

    def need_scope(self, channel: Channel, action: str) -> None:
        """`groups:history` for a private channel's history, `im:history` for a direct message's, and so on."""
        scope = f"{CHANNEL_KINDS[channel.kind]}:{action}"
        if scope not in self.workspace.app.scopes:
            raise self.missing_scope(scope)

    def _respond(
        self, call: Call, known: Method | None, warning: str | None = None, headers: dict[str, str] | None = None
    ) -> web.Response:
        if warning:
            metadata = call.answer.setdefault("response_metadata", {})
            call.answer["warning"] = warning
            metadata.setdefault("warnings", []).append(warning)
        scopes = {"X-OAuth-Scopes": ",".join(sorted(self.workspace.app.scopes))} if call.token else {}
        if known and known.scopes:
            scopes["X-Accepted-OAuth-Scopes"] = ",".join(known.scopes)
        return web.Response(
            status=call.status,
            body=json.dumps(call.answer).encode(),
            content_type="application/json",
            charset="utf-8",
            headers={"X-Slack-Req-Id": new_id("", 32).lower(), **scopes, **(headers or {})},
        )


def _token(request: web.Request, arguments: Arguments) -> str:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()
    in_json = request.method == "POST" and request.content_type == "application/json"
    return "" if in_json else str(arguments.pop("token", ""))
