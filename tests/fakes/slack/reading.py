"""What a test looks at: messages, calls, views; and waiting for them."""

import asyncio
import copy
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tests.fakes.slack import rendering, views
from tests.fakes.slack.delivery import Courier
from tests.fakes.slack.people import ts_of
from tests.fakes.slack.records import Delivery
from tests.fakes.slack.setting_up import ChannelRef, UserRef, id_of
from tests.fakes.slack.web_api import Api, Call
from tests.fakes.slack.workspace import Workspace

Json = dict[str, Any]
Found = TypeVar("Found")

POLL_SECONDS = 0.005


class Reading:
    """Mixed into FakeSlack. What is returned are copies."""

    workspace: Workspace
    api: Api
    courier: Courier

    def messages(self, channel: ChannelRef, thread: Any = None) -> list[Json]:
        """All messages of a conversation (replies too), oldest first; or of one thread, its root first."""
        where = self.workspace.channels[id_of(channel)]
        with self.workspace.lock:
            if thread is not None:
                found = self.workspace.thread(where, ts_of(thread))
            else:
                found = sorted(where.messages.values(), key=lambda one: float(one["ts"]))
            return [{**copy.deepcopy(one), "channel": where.id} for one in found]

    def thread(self, channel: ChannelRef, root: Any) -> list[Json]:
        return self.messages(channel, root)

    def replies(self, channel: ChannelRef, root: Any) -> list[Json]:
        """What the bot has written in a thread."""
        bot = self.workspace.app.bot_id
        return [one for one in self.thread(channel, root) if one.get("bot_id") == bot and one["ts"] != ts_of(root)]

    def ephemerals(self, user: UserRef | None = None, channel: ChannelRef | None = None) -> list[Json]:
        """Messages that only one person sees (`to`)."""
        with self.workspace.lock:
            return [
                copy.deepcopy(one)
                for one in self.workspace.ephemerals
                if (user is None or one["to"] == id_of(user)) and (channel is None or one["channel"] == id_of(channel))
            ]

    def calls(self, method: str | None = None) -> list[Call]:
        """The Web API calls so far, good and bad, in order of arrival."""
        return [one for one in self.api.calls if method in (None, one.method)]

    @property
    def deliveries(self) -> list[Delivery]:
        return list(self.courier.deliveries)

    @property
    def views(self) -> list[Json]:
        """The open modals, the topmost last."""
        with self.workspace.lock:
            return [copy.deepcopy(views.public(one)) | {"_user": one["_user"]} for one in self.workspace.views.values()]

    def modal(self, user: UserRef) -> Json | None:
        """The modal this person sees."""
        seen = [one for one in self.views if one["_user"] == id_of(user)]
        return seen[-1] if seen else None

    def home(self, user: UserRef) -> Json | None:
        """The App Home published to this person."""
        found = self.workspace.homes.get(id_of(user))
        return copy.deepcopy(found) if found else None

    def assistant(self, channel: ChannelRef, thread: Any) -> Json:
        """status, statuses (all of them so far), title, prompts of an assistant thread."""
        return dict(self.workspace.assistant.get((id_of(channel), ts_of(thread)), {}))

    def text_of(self, shown: Json) -> str:
        """A message or view as a person would read it."""
        return rendering.text_of(shown)

    def wait_for(self, predicate: Callable[[], Found], seconds: float = 5.0) -> Found:
        """The first truthy value of `predicate`; TimeoutError when there is none in time. In async code: `until`."""
        deadline = time.monotonic() + seconds
        while not (value := predicate()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {seconds} s")
            time.sleep(POLL_SECONDS)
        return value

    async def until(self, predicate: Callable[[], Found], seconds: float = 5.0) -> Found:
        deadline = time.monotonic() + seconds
        while not (value := predicate()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {seconds} s")
            await asyncio.sleep(POLL_SECONDS)
        return value

    @property
    def settled(self) -> bool:
        """Whether every delivery so far has come to its end."""
        return all(delivery.done.done() for delivery in self.courier.deliveries)
