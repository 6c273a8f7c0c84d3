"""The state of one workspace: its people, conversations, messages, views, and the app installed in it."""

import random
import string
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack.clock import Clock, Timing
from tests.fakes.slack.errors import SlackError

Json = dict[str, Any]

BOT_SCOPES = frozenset(
    """app_mentions:read assistant:write channels:history channels:join channels:read chat:write commands
    groups:history groups:read im:history im:read im:write mpim:history mpim:read mpim:write reactions:read
    reactions:write usergroups:read users:read users:read.email""".split()
)
RANDOM = random.SystemRandom()
"""For ids: not the global generator, which a test may have seeded."""
CHANNEL_KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
"""`channel_type` in events -> the word in scopes and in `message.*` subscriptions."""


def new_id(prefix: str, length: int = 10) -> str:
    """An id as Slack makes them, e.g. `C07QX3M1ZKA`."""
    return prefix + "0" + "".join(RANDOM.choices(string.ascii_uppercase + string.digits, k=length - 1))


@dataclass
class User:
    id: str
    name: str
    team_id: str
    real_name: str | None = None
    email: str | None = None
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    tz: str = "Europe/Amsterdam"


@dataclass
class UserGroup:
    id: str
    handle: str
    name: str
    users: list[str]
    disabled: bool = False


@dataclass
class Channel:
    id: str
    name: str
    kind: str = "channel"
    """`channel` (public), `group` (private), `im` or `mpim`."""
    is_ext_shared: bool = False
    connected_team_ids: list[str] = field(default_factory=list)
    is_archived: bool = False
    members: list[str] = field(default_factory=list)
    messages: dict[str, Json] = field(default_factory=dict)
    topic: str = ""
    created: int = 0

    @property
    def is_private(self) -> bool:
        return self.kind in ("group", "im", "mpim")


@dataclass
class App:
    """The app as installed: the one whose tokens the fake knows."""

    id: str = field(default_factory=lambda: new_id("A"))
    name: str = "frontdesk"
    bot_id: str = field(default_factory=lambda: new_id("B"))
    bot_user_id: str = field(default_factory=lambda: new_id("U"))
    bot_token: str = "xoxb-1111-2222-fake-bot-token"
    app_token: str = "xapp-1-A0FAKE-3333-fake-app-token"
    signing_secret: str = "8f742231b10e8888abcd99yyyzzz85a5"
    scopes: set[str] = field(default_factory=lambda: set(BOT_SCOPES))
    revoked: bool = False
    uninstalled: bool = False


@dataclass
class Trigger:
    user: str
    at: float
    view_id: str | None = None
    """The modal the interaction happened in, so that `views.push` knows its stack."""
    used: bool = False


@dataclass
class ResponseHook:
    """Where a `response_url` leads: a conversation, and the message that was clicked, if any."""

    channel: str
    user: str
    at: float
    message_ts: str | None = None
    thread_ts: str | None = None
    ephemeral: bool = False
    uses: int = 0


class Workspace:
    """Everything the fake remembers. Guarded by `lock`: the server thread and the test both write."""

    def __init__(self, name: str = "Brightwater", team_id: str | None = None) -> None:
        self.lock = threading.RLock()
        self.clock = Clock()
        self.timing = Timing()
        self.team_id = team_id or new_id("T")
        self.name = name
        self.domain = name.lower().replace(" ", "-")
        self.app = App()
        self.users: dict[str, User] = {}
        self.usergroups: dict[str, UserGroup] = {}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[Json] = []
        self.views: dict[str, Json] = {}
        """Open modals by id, oldest first; `_user` holds who sees it."""
        self.homes: dict[str, Json] = {}
        self.triggers: dict[str, Trigger] = {}
        self.hooks: dict[str, ResponseHook] = {}
        self.streams: dict[tuple[str, str], Json] = {}
        self.assistant: dict[tuple[str, str], Json] = {}
        """Status, title and suggested prompts of assistant threads by (channel, thread_ts)."""
        bot = User(self.app.bot_user_id, self.app.name, self.team_id, self.app.name.title(), is_bot=True)
        self.users[bot.id] = bot

    def channel(self, channel_id: str) -> Channel:
        """A conversation as the bot may see it: private ones it is no member of do not exist for it."""
        found = self.channels.get(channel_id)
        if found is None or (found.is_private and self.app.bot_user_id not in found.members):
            raise SlackError("channel_not_found")
        return found

    def user(self, user_id: str) -> User:
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def message(self, channel: Channel, ts: str, error: str = "message_not_found") -> Json:
        if ts not in channel.messages:
            raise SlackError(error)
        return channel.messages[ts]

    def ephemeral(self, message_ts: str) -> Json | None:
        return next((shown for shown in self.ephemerals if shown["ts"] == message_ts), None)

    def im_with(self, users: Iterable[str]) -> Channel:
        """The direct conversation of the bot with these people, opened when there is none yet."""
        people = sorted({*users} - {self.app.bot_user_id})
        kind = "im" if len(people) == 1 else "mpim"
        members = [*people, self.app.bot_user_id]
        for channel in self.channels.values():
            if channel.kind == kind and sorted(channel.members) == sorted(members):
                return channel
        name = "" if kind == "im" else "mpdm-" + "--".join(self.user(one).name for one in people) + "-1"
        return self.add_channel(Channel(new_id("D" if kind == "im" else "C"), name, kind, members=members))

    def add_channel(self, channel: Channel) -> Channel:
        channel.created = channel.created or int(self.clock.now())
        self.channels[channel.id] = channel
        return channel

    def add_message(self, channel: Channel, message: Json) -> Json:
        """Keep a message, with its `ts`, and count it in its thread's root."""
        message.setdefault("ts", self.clock.ts())
        channel.messages[message["ts"]] = message
        root = channel.messages.get(message.get("thread_ts", ""))
        if root is not None and root is not message and root.get("thread_ts") in (None, root["ts"]):
            message.setdefault("parent_user_id", root.get("user"))
            self._count_reply(root, message)
        return message

    def _count_reply(self, root: Json, reply: Json) -> None:
        repliers = root.setdefault("reply_users", [])
        if reply.get("user") and reply["user"] not in repliers:
            repliers.append(reply["user"])
        root.update(
            thread_ts=root["ts"],
            reply_count=root.get("reply_count", 0) + 1,
            reply_users_count=len(repliers),
            latest_reply=reply["ts"],
        )

    def remove_message(self, channel: Channel, ts: str) -> Json:
        """Delete a message; a root that has replies stays as a tombstone, as in Slack."""
        message = channel.messages[ts]
        if message.get("reply_count"):
            channel.messages[ts] = {
                **{key: message[key] for key in ("ts", "thread_ts", "reply_count", "reply_users", "latest_reply")},
                "type": "message",
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "user": "USLACKBOT",
                "hidden": True,
            }
            return message
        root = channel.messages.get(message.get("thread_ts", ""))
        if root is not None and root is not message and root.get("reply_count"):
            root["reply_count"] -= 1
        return channel.messages.pop(ts)

    def thread(self, channel: Channel, thread_ts: str) -> list[Json]:
        found = [one for ts, one in channel.messages.items() if ts == thread_ts or one.get("thread_ts") == thread_ts]
        return sorted(found, key=lambda one: float(one["ts"]))

    def new_trigger(self, user: str, view_id: str | None = None) -> str:
        trigger_id = f"{RANDOM.randrange(10**12)}.{RANDOM.randrange(10**12)}.{RANDOM.randbytes(16).hex()}"
        self.triggers[trigger_id] = Trigger(user, self.clock.now(), view_id)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """Exchange a trigger_id: once, and within three seconds."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock.now() - trigger.at > self.timing.trigger_seconds:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger
