"""Bringing events, interactions and commands to the app: signed over HTTP, or over Socket Mode.

Events are retried up to three times (at once, after one minute, after five) with the same event_id; interactions and
commands are not. https://docs.slack.dev/apis/events-api#retries
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack.records import COMMANDS, EVENTS, INTERACTIVE, Attempt, Delivery, Forgery, Sent
from tests.fakes.slack.signing import signed_headers
from tests.fakes.slack.socket_mode import NotAcknowledgedError, Sockets
from tests.fakes.slack.workspace import Workspace, new_id

Json = dict[str, Any]

HELD_BACK_SECONDS = 0.25


class Courier:
    """Sends deliveries on the server's loop and keeps a record of each."""

    def __init__(self, workspace: Workspace, sockets: Sockets) -> None:
        self.workspace = workspace
        self.sockets = sockets
        self.urls: dict[str, str | None] = {EVENTS: None, INTERACTIVE: None, COMMANDS: None}
        """Request URLs by kind; None means Socket Mode."""
        self.deliveries: list[Delivery] = []
        self.subscriptions: set[str] | None = None
        self.duplicates = 0.0
        self.out_of_order = 0.0
        self.random = random.Random(0)
        self._http: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._passed = asyncio.Event()

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._http = aiohttp.ClientSession(connector=connector)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    def wants(self, subscription: str) -> bool:
        has_door = self.urls[EVENTS] is not None or self.sockets.in_use
        return has_door and (self.subscriptions is None or subscription in self.subscriptions)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run on the server's loop, from any thread."""
        assert self._loop is not None, "the fake is not running"
        self._loop.call_soon_threadsafe(self._keep, work)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def send_event(self, event: Json, shared: bool = False, **forge: Any) -> Delivery:
        """Wrap an event as the Events API does and deliver it; maybe twice, maybe late, when that was asked for."""
        forgery = Forgery(**forge)
        delivery = Delivery(EVENTS, self._wrapped(event, shared, forgery), forgery=forgery)
        late = self.random.random() < self.out_of_order
        self._send(delivery, self._after_the_next(delivery) if late else self._deliver(delivery))
        if self.random.random() < self.duplicates:
            again = Delivery(EVENTS, delivery.payload, forgery=forgery, duplicate=True)
            self._send(again, self._deliver(again))
        return delivery

    def _wrapped(self, event: Json, shared: bool, forgery: Forgery) -> Json:
        app, team = self.workspace.app, forgery.team_id or self.workspace.team_id
        authorization = {"enterprise_id": None, "team_id": team, "user_id": app.bot_user_id, "is_bot": True}
        return {
            "token": "verification-token-of-old",
            "team_id": team,
            "context_team_id": team,
            "context_enterprise_id": None,
            "api_app_id": app.id,
            "event": event,
            "type": "event_callback",
            "event_id": forgery.event_id or new_id("Ev", 11),
            "event_time": int(self.workspace.clock.now()),
            "authorizations": [{**authorization, "is_enterprise_install": False}],
            "is_ext_shared_channel": shared,
            "event_context": f"4-{new_id('', 24)}",
        }

    def send(self, kind: str, payload: Json, then: Callable[[Delivery], None] | None = None, **forge: Any) -> Sent:
        """Deliver an interaction, a command or a raw JSON body, once. `then` sees what the app answered."""
        delivery = Delivery(kind, payload, form=kind != EVENTS, forgery=Forgery(**forge))
        self._send(delivery, self._deliver(delivery, then))
        return Sent([delivery])

    def _send(self, delivery: Delivery, work: Coroutine[Any, Any, None]) -> None:
        self.deliveries.append(delivery)
        self.spawn(work)

    async def _after_the_next(self, delivery: Delivery) -> None:
        """Hold a delivery back until another has overtaken it, or a moment has passed."""
        self._passed.clear()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._passed.wait(), HELD_BACK_SECONDS)
        await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery, then: Callable[[Delivery], None] | None = None) -> None:
        try:
            await self._try_and_retry(delivery)
            if then is not None and delivery.ok:
                with self.workspace.lock:
                    then(delivery)
        except Exception as problem:
            delivery.done.set_exception(problem)
        finally:
            self._passed.set()
            if not delivery.done.done():
                delivery.done.set_result(delivery)

    async def _try_and_retry(self, delivery: Delivery) -> None:
        timing = self.workspace.timing
        first = delivery.forgery.retry_num
        reason = delivery.forgery.retry_reason
        retried = delivery.kind == EVENTS and delivery.payload.get("type") == "event_callback"
        waits = timing.retry_after if retried else ()
        for number, wait in enumerate((0.0, *waits)):
            await asyncio.sleep(wait * timing.retry_scale)
            retry = first + number
            url = self.urls[delivery.kind]
            attempt = await (self._post(delivery, url, retry, reason) if url else self._push(delivery, retry, reason))
            delivery.attempts.append(attempt)
            if delivery.ok or attempt.reason == "no_retry":
                return
            reason = attempt.reason

    async def _post(self, delivery: Delivery, url: str, retry: int, why: str) -> Attempt:
        assert self._http is not None
        timing, started = self.workspace.timing, time.perf_counter()
        attempt = Attempt(time.time(), 0, 0.0, retry)
        body, headers = self._request(delivery, retry, why)
        timeout = aiohttp.ClientTimeout(total=timing.ack_seconds)
        try:
            async with self._http.post(url, data=body, headers=headers, timeout=timeout, max_redirects=2) as response:
                attempt.status, attempt.body = response.status, await response.text()
                if not 200 <= response.status < 300:
                    attempt.reason = "no_retry" if response.headers.get("X-Slack-No-Retry") == "1" else "http_error"
        except asyncio.TimeoutError:
            attempt.reason = "http_timeout"
        except aiohttp.TooManyRedirects:
            attempt.reason = "too_many_redirects"
        except aiohttp.ClientConnectorError:
            attempt.reason = "connection_failed"
        except aiohttp.ClientError:
            attempt.reason = "unknown_error"
        attempt.ms = (time.perf_counter() - started) * 1000
        return attempt

    def _request(self, delivery: Delivery, retry: int, why: str) -> tuple[bytes, dict[str, str]]:
        forgery = delivery.forgery
        if not delivery.form:
            body, kind = json.dumps(delivery.payload).encode(), "application/json"
        else:
            fields = delivery.payload if delivery.kind == COMMANDS else {"payload": json.dumps(delivery.payload)}
            body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        secret = forgery.signing_secret or self.workspace.app.signing_secret
        headers = signed_headers(secret, int(time.time() - forgery.age), body)
        headers.update({"Content-Type": kind, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"})
        if retry:
            headers.update({"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": why})
        return (body.replace(b"a", b"b", 1) if forgery.tamper else body), headers

    async def _push(self, delivery: Delivery, retry: int, why: str) -> Attempt:
        """Over Socket Mode: an acknowledgement is as good as HTTP 200."""
        started = time.perf_counter()
        attempt = Attempt(time.time(), 0, 0.0, retry)
        seconds = self.workspace.timing.ack_seconds
        try:
            answer = await self.sockets.push(delivery.kind, delivery.payload, seconds, retry, why)
            attempt.status, attempt.body = 200, json.dumps(answer) if answer else ""
        except NotAcknowledgedError as problem:
            attempt.reason = str(problem)
        attempt.ms = (time.perf_counter() - started) * 1000
        return attempt
