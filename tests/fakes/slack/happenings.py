"""What happens in the workspace, told to the app as events of the Events API.

Payload shapes: https://docs.slack.dev/reference/events. The app hears of a conversation only while its bot user is a
member of it, and of its own doings too, as in Slack.
"""

import re
from typing import Any

from tests.fakes.slack.delivery import Courier
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.records import Sent
from tests.fakes.slack.workspace import CHANNEL_KINDS, Channel, User, Workspace, new_id

Json = dict[str, Any]

MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
ROOT_COUNTS = ("reply_count", "reply_users", "reply_users_count", "latest_reply", "reactions")


def rich_text(text: str) -> Json:
    """The `rich_text` block Slack's composer makes of what a person types: plain runs and mentions."""
    elements: list[Json] = []
    last = 0
    for found in MENTION.finditer(text):
        if found.start() > last:
            elements.append({"type": "text", "text": text[last : found.start()]})
        elements.append({"type": "user", "user_id": found[1]})
        last = found.end()
    if text[last:]:
        elements.append({"type": "text", "text": text[last:]})
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": new_id("", 5), "elements": [section]}


def bare(message: Json) -> Json:
    """A message as events carry it: without the fake's notes and without the counts of its thread."""
    return {key: value for key, value in message.items() if not key.startswith("_") and key not in ROOT_COUNTS}


class Happenings:
    def __init__(self, workspace: Workspace, courier: Courier) -> None:
        self.workspace = workspace
        self.courier = courier

    def tell(self, event: Json, channel: Channel | None = None, **forge: Any) -> Sent:
        """Deliver one event; nothing when the bot is not in the channel or the app has not subscribed."""
        event.setdefault("event_ts", self.workspace.clock.ts())
        unseen = channel is not None and self.workspace.app.bot_user_id not in channel.members
        gone = self.workspace.app.uninstalled and event["type"] not in ("app_uninstalled", "tokens_revoked")
        if unseen or gone or not self.courier.wants(self._subscription(event)):
            return Sent([])
        return Sent([self.courier.send_event(event, shared=bool(channel and channel.is_ext_shared), **forge)])

    def _subscription(self, event: Json) -> str:
        if event["type"] == "message":
            return f"message.{CHANNEL_KINDS[event['channel_type']]}"
        return str(event["type"])

    def message(self, channel: Channel, message: Json, **forge: Any) -> Sent:
        """A message event; and for a mention of the bot outside direct messages an app_mention of the same ts."""
        where = {"channel": channel.id, "channel_type": channel.kind, "event_ts": message["ts"]}
        event = {**bare(message), **where}
        self._say_where_from(event, channel)
        sent = self.tell(event, channel, **forge)
        mentioned = self.workspace.app.bot_user_id in MENTION.findall(message.get("text", ""))
        by_person = not message.get("bot_id") and message.get("subtype") in (None, "file_share", "thread_broadcast")
        if mentioned and by_person and channel.kind != "im":
            mention = {key: value for key, value in event.items() if key not in ("subtype", "channel_type", "root")}
            sent = sent + self.tell({**mention, "type": "app_mention"}, channel, **forge)
        sent.message = message
        return sent

    def _say_where_from(self, event: Json, channel: Channel) -> None:
        author = self.workspace.users.get(event.get("user", ""))
        if author is not None and channel.is_ext_shared and "team" in event:
            event.update(user_team=author.team_id, source_team=author.team_id)

    def message_changed(self, channel: Channel, message: Json, before: Json) -> Sent:
        ts = self.workspace.clock.ts()
        event = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "message": {**bare(message), "source_team": message.get("team")},
            "previous_message": bare(before),
            "channel": channel.id,
            "channel_type": channel.kind,
            "ts": ts,
            "event_ts": ts,
        }
        sent = self.tell(event, channel)
        sent.message = message
        return sent

    def message_deleted(self, channel: Channel, message: Json) -> Sent:
        """A root that had replies becomes a tombstone, which Slack tells as a change, not as a deletion."""
        tombstone = channel.messages.get(message["ts"])
        if tombstone is not None:
            return self.message_changed(channel, tombstone, message)
        ts = self.workspace.clock.ts()
        event = {
            "type": "message",
            "subtype": "message_deleted",
            "hidden": True,
            "deleted_ts": message["ts"],
            "previous_message": bare(message),
            "channel": channel.id,
            "channel_type": channel.kind,
            "ts": ts,
            "event_ts": ts,
        }
        return self.tell(event, channel)

    def react(self, channel: Channel, message: Json, name: str, user: str) -> Sent:
        reactions = message.setdefault("reactions", [])
        entry = next((one for one in reactions if one["name"] == name), None)
        if entry is None:
            entry = {"name": name, "users": [], "count": 0}
            reactions.append(entry)
        if user in entry["users"]:
            raise SlackError("already_reacted")
        entry["users"].append(user)
        entry["count"] += 1
        item = {"type": "message", "channel": channel.id, "ts": message["ts"]}
        event = {"type": "reaction_added", "user": user, "reaction": name, "item": item}
        return self.tell({**event, "item_user": message.get("user")}, channel)

    def member_joined(self, channel: Channel, user: str, inviter: str | None = None) -> Sent:
        """The `channel_join` line in the channel, and the member_joined_channel event."""
        subtype = "group_join" if channel.kind == "group" else "channel_join"
        line = {"type": "message", "subtype": subtype, "user": user, "text": f"<@{user}> has joined the channel"}
        if inviter:
            line["inviter"] = inviter
        sent = self.message(channel, self.workspace.add_message(channel, line))
        team = self.workspace.users[user].team_id
        event = {"type": "member_joined_channel", "user": user, "channel": channel.id, "team": team}
        event["channel_type"] = "G" if channel.kind == "group" else "C"
        return sent + self.tell({**event, **({"inviter": inviter} if inviter else {})}, channel)

    def member_left(self, channel: Channel, user: str) -> Sent:
        event = {"type": "member_left_channel", "user": user, "channel": channel.id, "team": self.workspace.team_id}
        event["channel_type"] = "G" if channel.kind == "group" else "C"
        sent = self.tell(event, channel)
        channel.members.remove(user)
        if user == self.workspace.app.bot_user_id:
            kind = "group_left" if channel.kind == "group" else "channel_left"
            sent = sent + self.tell({"type": kind, "channel": channel.id, "actor_id": user})
        return sent

    def home_opened(self, user: User, channel: Channel, tab: str) -> Sent:
        event: Json = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab}
        home = self.workspace.homes.get(user.id)
        if tab == "home" and home is not None:
            event["view"] = {key: value for key, value in home.items() if not key.startswith("_")}
        return self.tell(event)

    def assistant_thread(self, kind: str, user: str, channel: Channel, thread_ts: str, context: Json) -> Sent:
        thread = {"user_id": user, "context": context, "channel_id": channel.id, "thread_ts": thread_ts}
        return self.tell({"type": kind, "assistant_thread": thread})
