"""Socket Mode: WebSocket connections, envelopes and their acknowledgements.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from tests.fakes.slack.workspace import Workspace

Json = dict[str, Any]

MOST_CONNECTIONS = 10


class NotAcknowledgedError(Exception):
    """No connection, or no acknowledgement in time; the message is the retry reason."""


@dataclass
class Envelope:
    """One envelope as it was sent, and when (if ever) it was acknowledged."""

    envelope_id: str
    kind: str
    payload: Json
    retry_attempt: int
    acked: bool = False
    answer: Json | None = None


@dataclass(eq=False)
class Connection:
    socket: web.WebSocketResponse
    request: web.Request
    leaving: bool = False
    waiting: dict[str, "asyncio.Future[Json]"] = field(default_factory=dict)


class Sockets:
    """The open connections of the app."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.in_use = False
        """Whether the app has ever asked for a connection: without one, no events go this way."""
        self.envelopes: list[Envelope] = []
        self.received: list[Json] = []
        """All that the app has sent over its sockets."""
        self.connections: list[Connection] = []
        self._tickets: set[str] = set()
        self._ready = asyncio.Event()

    def new_url(self, base: str) -> str:
        """A WebSocket address that is good for one connection."""
        ticket = str(uuid4())
        self._tickets.add(ticket)
        self.in_use = True
        return f"{base}/link/?ticket={ticket}&app_id={self.workspace.app.id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="invalid ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket, request)
        if len(self.connections) >= MOST_CONNECTIONS:
            await socket.send_json(self._disconnect("too_many_websockets"))
            await socket.close()
            return socket
        self.connections.append(connection)
        try:
            await socket.send_json(self._hello())
            self._ready.set()
            await self._listen(connection)
        finally:
            self._forget(connection)
        return socket

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type == WSMsgType.TEXT:
                acknowledgement = json.loads(message.data)
                self.received.append(acknowledgement)
                waiting = connection.waiting.get(acknowledgement.get("envelope_id", ""))
                if waiting is not None and not waiting.done():
                    waiting.set_result(acknowledgement.get("payload") or {})

    def _forget(self, connection: Connection) -> None:
        self.connections.remove(connection)
        if not self._takers():
            self._ready.clear()
        for waiting in connection.waiting.values():
            if not waiting.done():
                waiting.set_exception(NotAcknowledgedError("connection_closed"))

    def _takers(self) -> list[Connection]:
        return [one for one in self.connections if not one.leaving and not one.socket.closed]

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "applink-fake-1", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.workspace.app.id},
        }

    def _disconnect(self, reason: str) -> Json:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-fake-1"}}

    async def push(self, kind: str, payload: Json, seconds: float, retry: int = 0, why: str = "") -> Json:
        """Send an envelope on one of the connections; the payload of its acknowledgement, `{}` when it has none."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        connection = await self._pick(seconds)
        envelope = Envelope(str(uuid4()), kind, payload, retry)
        self.envelopes.append(envelope)
        waiting = connection.waiting[envelope.envelope_id] = loop.create_future()
        try:
            await connection.socket.send_json(self._frame(envelope, why))
            answer: Json = await asyncio.wait_for(waiting, max(0.0, deadline - loop.time()))
        except asyncio.TimeoutError as problem:
            raise NotAcknowledgedError("timeout") from problem
        except ConnectionError as problem:
            raise NotAcknowledgedError("connection_closed") from problem
        finally:
            connection.waiting.pop(envelope.envelope_id, None)
        envelope.acked, envelope.answer = True, answer
        return answer

    async def _pick(self, seconds: float) -> Connection:
        try:
            await asyncio.wait_for(self._ready.wait(), seconds)
        except asyncio.TimeoutError as problem:
            raise NotAcknowledgedError("no_connection") from problem
        takers = self._takers()
        if not takers:
            raise NotAcknowledgedError("no_connection")
        return random.choice(takers)

    def _frame(self, envelope: Envelope, why: str) -> Json:
        frame: Json = {
            "envelope_id": envelope.envelope_id,
            "type": envelope.kind,
            "payload": envelope.payload,
            "accepts_response_payload": envelope.kind != "events_api",
        }
        if envelope.kind == "events_api":
            frame.update(retry_attempt=envelope.retry_attempt, retry_reason=why)
        return frame

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to be replaced, as Slack does every few hours, and close the old ones after a while."""
        leaving = self._takers()
        for connection in leaving:
            connection.leaving = True
        self._ready.clear()
        for connection in leaving:
            await connection.socket.send_json(self._disconnect(reason))
        await asyncio.sleep(self.workspace.timing.socket_close_seconds)
        for connection in leaving:
            await connection.socket.close()

    async def drop(self) -> None:
        """Break all connections without a word."""
        for connection in list(self.connections):
            if connection.request.transport is not None:
                connection.request.transport.abort()

    async def stop(self) -> None:
        for connection in list(self.connections):
            await connection.socket.close()
