"""FakeSlack: the server in a thread of its own, and everything a test does with it."""

import asyncio
import random
import threading
from collections.abc import Callable
from types import TracebackType

from aiohttp import web

from tests.fakes.slack import methods_assistant, methods_chat, methods_reading, methods_views
from tests.fakes.slack.clock import Clock, Timing
from tests.fakes.slack.delivery import Courier
from tests.fakes.slack.faults import TROUBLES, Fault, Faults, as_fault
from tests.fakes.slack.happenings import Happenings
from tests.fakes.slack.interactions import Interactions
from tests.fakes.slack.limits import RateLimits
from tests.fakes.slack.load import Load, run_load
from tests.fakes.slack.people import People
from tests.fakes.slack.reading import Reading
from tests.fakes.slack.records import COMMANDS, EVENTS, INTERACTIVE, Sent
from tests.fakes.slack.response_urls import ResponseUrls
from tests.fakes.slack.setting_up import ChannelRef, UserRef
from tests.fakes.slack.socket_mode import Sockets
from tests.fakes.slack.web_api import Api
from tests.fakes.slack.workspace import App, Workspace

METHOD_MODULES = (methods_assistant, methods_chat, methods_reading, methods_views)
"""Imported for the methods they register."""
BODY_BYTES = 4 * 1024 * 1024


class FakeSlack(People, Interactions, Reading):
    """A workspace with one app installed, on a free port of 127.0.0.1.

    with FakeSlack() as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    """

    def __init__(self, name: str = "Brightwater", team_id: str | None = None, port: int = 0) -> None:
        self.workspace = Workspace(name, team_id)
        self.faults = Faults()
        self.sockets = Sockets(self.workspace)
        self.courier = Courier(self.workspace, self.sockets)
        self.happenings = Happenings(self.workspace, self.courier)
        self.api = Api(self.workspace, self.happenings, self.sockets, self.faults)
        self.response_urls = ResponseUrls(self.api)
        self.port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    # The app and its doors

    @property
    def app(self) -> App:
        return self.workspace.app

    @property
    def team_id(self) -> str:
        return self.workspace.team_id

    @property
    def bot_token(self) -> str:
        return self.app.bot_token

    @property
    def app_token(self) -> str:
        return self.app.app_token

    @property
    def signing_secret(self) -> str:
        return self.app.signing_secret

    @property
    def bot_user_id(self) -> str:
        return self.app.bot_user_id

    @property
    def base_url(self) -> str:
        """For `AsyncWebClient(base_url=...)`."""
        return f"{self.api.base}/api/"

    @property
    def clock(self) -> Clock:
        return self.workspace.clock

    @property
    def timing(self) -> Timing:
        return self.workspace.timing

    def deliver_to(self, url: str | None, interactivity: str | None = None, commands: str | None = None) -> None:
        """The request URLs: one for all as Bolt has it, or three. None: over Socket Mode (the default)."""
        self.courier.urls = {EVENTS: url, INTERACTIVE: interactivity or url, COMMANDS: commands or url}

    def subscribe(self, *events: str) -> None:
        """Deliver these events only, e.g. `app_mention`, `message.channels`, `message.im`. By default: all."""
        self.courier.subscriptions = set(events)

    # Trouble

    @property
    def limits(self) -> bool:
        return self.api.limits.on

    @limits.setter
    def limits(self, on: bool) -> None:
        self.api.limits.on = on

    @property
    def rate_limits(self) -> RateLimits:
        return self.api.limits

    def fail(self, method: str = "*", times: int | None = 1, with_: Fault | int | str = 500) -> None:
        """Let the next `times` calls of a method go wrong (None: all). `with_`: a fault, a status or an error name.

        `response_url` names the response_url hooks.
        """
        self.faults.plan(method, times, as_fault(with_))

    def trouble(
        self,
        rate: float = 0.01,
        seed: int = 1,
        kinds: tuple[Fault, ...] = TROUBLES,
        methods: frozenset[str] | None = None,
    ) -> None:
        """Random faults in this share of all calls, the same ones for the same seed."""
        self.faults.random(rate, seed, kinds, methods)

    def heal(self) -> None:
        """No more faults, limits, duplicates or disorder."""
        self.faults.clear()
        self.limits = False
        self.disorder(0.0, 0.0)

    def disorder(self, duplicates: float = 0.2, out_of_order: float = 0.05, seed: int = 1) -> None:
        """Deliver this share of events twice, and that share after the next one."""
        self.courier.duplicates, self.courier.out_of_order = duplicates, out_of_order
        self.courier.random = random.Random(seed)

    def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask the app to replace its Socket Mode connections (`warning`, `refresh_requested`, `link_disabled`)."""
        self.courier.spawn(self.sockets.disconnect(reason))

    def drop_sockets(self) -> None:
        """Break all Socket Mode connections without a word."""
        self.courier.spawn(self.sockets.drop())

    # Load

    def load(
        self, rate: float, seconds: float, user: UserRef, channel: ChannelRef, text: str | Callable[[int], str] = "Hi"
    ) -> Load:
        """Messages at a steady rate, sent whether or not the app keeps up; `.wait()` or `await` for the report."""

        def say(number: int) -> Sent:
            return self.say(user, channel, text(number) if callable(text) else text)

        assert self._loop is not None, "the fake is not running"
        return Load(asyncio.run_coroutine_threadsafe(run_load(say, rate, seconds), self._loop))

    # Life

    def __enter__(self) -> "FakeSlack":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> "FakeSlack":
        ready: threading.Event = threading.Event()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(self._serve(ready))
            except BaseException as problem:
                failures.append(problem)
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="fake-slack", daemon=True)
        self._thread.start()
        ready.wait()
        if failures:
            raise failures[0]
        return self

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await self.courier.start()
        try:
            site = web.TCPSite(runner, "127.0.0.1", self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            self.api.base = f"http://127.0.0.1:{self.port}"
            ready.set()
            await self._stop.wait()
        finally:
            await self.sockets.stop()
            await self.courier.stop()
            await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=BODY_BYTES)
        application.add_routes(
            [
                web.get("/link/", self.sockets.handle),
                web.get("/api/{method}", self.api.handle),
                web.post("/api/{method}", self.api.handle),
                web.post("/{kind:actions|commands|app}/{rest:.*}", self.response_urls.handle),
            ]
        )
        return application

    def stop(self) -> None:
        if self._thread is None or self._loop is None or self._stop is None:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._thread = None
