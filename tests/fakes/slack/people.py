"""What people write and do in conversations."""

from typing import Any
from uuid import uuid4

from tests.fakes.slack.delivery import Courier
from tests.fakes.slack.happenings import Happenings, rich_text
from tests.fakes.slack.records import EVENTS, Sent
from tests.fakes.slack.setting_up import ChannelRef, SettingUp, UserRef, id_of
from tests.fakes.slack.workspace import Channel, Workspace, new_id

Json = dict[str, Any]


class People(SettingUp):
    """Mixed into FakeSlack. Each method changes the workspace at once and returns what it sent to the app."""

    workspace: Workspace
    happenings: Happenings
    courier: Courier

    def mention(self, text: str = "") -> str:
        """The bot's mention, as Slack writes it, before a text."""
        return f"<@{self.workspace.app.bot_user_id}> {text}".strip()

    def say(
        self, user: UserRef, channel: ChannelRef, text: str, thread: str | Json | Sent | None = None, **extra: Any
    ) -> Sent:
        """Someone writes a message. Sends `message`, and `app_mention` too when the bot is named in a channel.

        `thread`: the message to reply to, or its ts. `extra`: fields of the message (subtype, files, ...), and the
        forgeries of `emit` (signing_secret, age, tamper, team_id, event_id).
        """
        forge = {name: extra.pop(name) for name in FORGERIES if name in extra}
        where, author = self._where(user, channel), self.user(user)
        message = {
            "type": "message",
            "user": author.id,
            "text": text,
            "team": author.team_id,
            "client_msg_id": str(uuid4()),
            "blocks": [rich_text(text)],
            **extra,
        }
        if thread is not None:
            message["thread_ts"] = ts_of(thread)
        with self.workspace.lock:
            return self.happenings.message(where, self.workspace.add_message(where, message), **forge)

    def _where(self, user: UserRef, channel: ChannelRef) -> Channel:
        """The conversation; someone who was not in it yet is from now on, without events."""
        where = self.channel(channel)
        if where.is_archived:
            raise ValueError(f"nobody can write in #{where.name}: it is archived")
        if id_of(user) not in where.members:
            where.members.append(id_of(user))
        return where

    def me(self, user: UserRef, channel: ChannelRef, text: str) -> Sent:
        """`/me text`"""
        return self.say(user, channel, text, subtype="me_message")

    def broadcast(self, user: UserRef, channel: ChannelRef, text: str, thread: str | Json | Sent) -> Sent:
        """A reply also sent to the channel."""
        root = self.channel(channel).messages[ts_of(thread)]
        return self.say(user, channel, text, thread, subtype="thread_broadcast", root=dict(root))

    def share_file(
        self, user: UserRef, channel: ChannelRef, name: str, text: str = "", thread: str | Json | Sent | None = None
    ) -> Sent:
        file_id = new_id("F")
        file = {"id": file_id, "name": name, "title": name, "filetype": name.rpartition(".")[2], "user": id_of(user)}
        file["url_private"] = f"https://files.slack.com/files-pri/{self.workspace.team_id}-{file_id}/{name}"
        facts: Json = {"subtype": "file_share", "files": [file], "upload": False, "display_as_bot": False}
        return self.say(user, channel, text, thread, **facts)

    def bot_says(self, channel: ChannelRef, text: str, name: str = "deploys", thread: str | None = None) -> Sent:
        """Another app posts, the old way: subtype bot_message, a bot_id and no user."""
        where = self.channel(channel)
        message = {"type": "message", "subtype": "bot_message", "text": text, "username": name, "bot_id": new_id("B")}
        if thread is not None:
            message["thread_ts"] = thread
        with self.workspace.lock:
            return self.happenings.message(where, self.workspace.add_message(where, message))

    def edit(self, channel: ChannelRef, message: str | Json | Sent, text: str) -> Sent:
        """The author edits a message: message_changed."""
        where = self.channel(channel)
        with self.workspace.lock:
            stored = where.messages[ts_of(message)]
            before = dict(stored)
            edited = {"user": stored["user"], "ts": self.workspace.clock.ts()}
            stored.update(text=text, blocks=[rich_text(text)], edited=edited)
            return self.happenings.message_changed(where, stored, before)

    def unfurl(self, channel: ChannelRef, message: str | Json | Sent, title: str) -> Sent:
        """Slack adds a link preview: a message_changed that nobody typed, without `edited`."""
        where = self.channel(channel)
        with self.workspace.lock:
            stored = where.messages[ts_of(message)]
            before = dict(stored)
            stored["attachments"] = [{"id": 1, "title": title, "fallback": title}]
            return self.happenings.message_changed(where, stored, before)

    def delete(self, channel: ChannelRef, message: str | Json | Sent) -> Sent:
        """Someone deletes a message: message_deleted, or a tombstone when it has replies."""
        where = self.channel(channel)
        with self.workspace.lock:
            gone = self.workspace.remove_message(where, ts_of(message))
            return self.happenings.message_deleted(where, gone)

    def react(self, user: UserRef, channel: ChannelRef, message: str | Json | Sent, name: str) -> Sent:
        where = self.channel(channel)
        with self.workspace.lock:
            return self.happenings.react(where, where.messages[ts_of(message)], name, id_of(user))

    def open_home(self, user: UserRef, tab: str = "home") -> Sent:
        return self.happenings.home_opened(self.user(user), self.im(user), tab)

    def start_assistant_thread(self, user: UserRef, viewing: ChannelRef | None = None) -> Sent:
        """The person opens the assistant pane: a thread with a root of Slack's making, in their DM with the bot."""
        where = self.im(user)
        root = {
            "type": "message",
            "subtype": "assistant_app_thread",
            "user": self.workspace.app.bot_user_id,
            "bot_id": self.workspace.app.bot_id,
            "text": "New Assistant Thread",
        }
        with self.workspace.lock:
            stored = self.workspace.add_message(where, root)
            stored["thread_ts"] = stored["ts"]
        context = self._viewing(viewing)
        sent = self.happenings.assistant_thread("assistant_thread_started", id_of(user), where, stored["ts"], context)
        sent.message = stored
        return sent

    def change_assistant_context(self, user: UserRef, thread: str | Json | Sent, viewing: ChannelRef) -> Sent:
        kind, context = "assistant_thread_context_changed", self._viewing(viewing)
        return self.happenings.assistant_thread(kind, id_of(user), self.im(user), ts_of(thread), context)

    def _viewing(self, channel: ChannelRef | None) -> Json:
        if channel is None:
            return {}
        return {"channel_id": id_of(channel), "team_id": self.workspace.team_id, "enterprise_id": None}

    def stop_stream(self, message: Json) -> None:
        """The person presses stop while the bot streams its answer."""
        stored = self.workspace.channels[message["channel"]].messages[message["ts"]]
        stored["streaming_state"] = "stopped_by_user"

    def emit(self, event: Json, **forge: Any) -> Sent:
        """Any event, honest or not. `forge`: see FORGERIES."""
        event.setdefault("event_ts", self.workspace.clock.ts())
        return Sent([self.courier.send_event(event, **forge)])

    def repeat(self, sent: Sent, **forge: Any) -> Sent:
        """Deliver the same events again, with the same event_ids."""
        again = []
        for delivery in sent.deliveries:
            forge_one = {"event_id": delivery.event_id, **forge}
            again.append(self.courier.send_event(delivery.event, **forge_one))
        return Sent(again, sent.message)

    def verify_url(self, challenge: str = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P") -> Sent:
        """The url_verification handshake of a new request URL."""
        body = {"token": "verification-token-of-old", "challenge": challenge, "type": "url_verification"}
        return self.courier.send(EVENTS, body)


FORGERIES = ("signing_secret", "age", "tamper", "team_id", "event_id", "retry_num", "retry_reason")


def ts_of(message: str | Json | Sent) -> str:
    if isinstance(message, str):
        return message
    return message.ts if isinstance(message, Sent) else str(message["ts"])
