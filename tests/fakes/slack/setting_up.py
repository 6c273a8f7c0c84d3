"""Building the workspace, and changing it under the app's feet."""

from collections.abc import Iterable
from typing import Any

from tests.fakes.slack.delivery import Courier
from tests.fakes.slack.happenings import Happenings
from tests.fakes.slack.records import Sent
from tests.fakes.slack.workspace import Channel, User, UserGroup, Workspace, new_id

Json = dict[str, Any]
UserRef = User | str
ChannelRef = Channel | str


def id_of(named: Any) -> str:
    return str(getattr(named, "id", named))


class SettingUp:
    """Mixed into FakeSlack: `add_*` set up quietly, the other methods send the events Slack would."""

    workspace: Workspace
    happenings: Happenings
    courier: Courier

    def user(self, user: UserRef) -> User:
        return self.workspace.users[id_of(user)]

    def channel(self, channel: ChannelRef) -> Channel:
        return self.workspace.channels[id_of(channel)]

    def add_user(self, name: str, real_name: str | None = None, **facts: Any) -> User:
        """A person. `facts`: id, email, team_id, is_bot, is_restricted, is_ultra_restricted, is_stranger, deleted, tz.

        A stranger (someone of another workspace, met in a Slack Connect channel) gets a team of their own.
        """
        facts.setdefault("team_id", new_id("T") if facts.get("is_stranger") else self.workspace.team_id)
        user = User(facts.pop("id", None) or new_id("U"), name, real_name=real_name, **facts)
        self.workspace.users[user.id] = user
        return user

    def add_usergroup(self, handle: str, users: Iterable[UserRef] = (), name: str = "") -> UserGroup:
        group = UserGroup(new_id("S"), handle, name or handle.title(), [id_of(one) for one in users])
        self.workspace.usergroups[group.id] = group
        return group

    def add_channel(
        self,
        name: str,
        members: Iterable[UserRef] = (),
        private: bool = False,
        shared: bool = False,
        archived: bool = False,
        bot: bool = True,
        id: str | None = None,
    ) -> Channel:
        """A public or private channel; the bot is a member unless `bot=False`."""
        ids = [id_of(one) for one in members] + ([self.workspace.app.bot_user_id] if bot else [])
        channel = Channel(id or new_id("C"), name, "group" if private else "channel", members=ids)
        channel.is_ext_shared, channel.is_archived = shared, archived
        return self.workspace.add_channel(channel)

    def im(self, *users: UserRef) -> Channel:
        """The direct message of one person with the bot, or the group message of several."""
        return self.workspace.im_with([id_of(one) for one in users])

    def join(self, user: UserRef, channel: ChannelRef, inviter: UserRef | None = None) -> Sent:
        """Someone joins: the `channel_join` line and member_joined_channel. Also for the bot itself."""
        where = self.channel(channel)
        if id_of(user) not in where.members:
            where.members.append(id_of(user))
        return self.happenings.member_joined(where, id_of(user), id_of(inviter) if inviter else None)

    def leave(self, user: UserRef, channel: ChannelRef) -> Sent:
        return self.happenings.member_left(self.channel(channel), id_of(user))

    def archive(self, channel: ChannelRef, user: UserRef = "USLACKBOT") -> Sent:
        where = self.channel(channel)
        where.is_archived = True
        return self.happenings.tell(self._about(where, "archive", user=id_of(user)), where)

    def unarchive(self, channel: ChannelRef, user: UserRef = "USLACKBOT") -> Sent:
        where = self.channel(channel)
        where.is_archived = False
        return self.happenings.tell(self._about(where, "unarchive", user=id_of(user)), where)

    def delete_channel(self, channel: ChannelRef) -> Sent:
        where = self.channel(channel)
        sent = self.happenings.tell(self._about(where, "deleted"), where)
        del self.workspace.channels[where.id]
        return sent

    def rename(self, channel: ChannelRef, name: str) -> Sent:
        where = self.channel(channel)
        where.name = name
        event = self._about(where, "rename")
        event["channel"] = {"id": where.id, "name": name, "created": where.created}
        return self.happenings.tell(event, where)

    def share(self, channel: ChannelRef, team_id: str | None = None) -> Sent:
        """The channel becomes a Slack Connect channel with another workspace."""
        where, team = self.channel(channel), team_id or new_id("T")
        where.is_ext_shared = True
        where.connected_team_ids.append(team)
        event = {"type": "channel_shared", "connected_team_id": team, "channel": where.id}
        return self.happenings.tell(event, where)

    def unshare(self, channel: ChannelRef) -> Sent:
        where = self.channel(channel)
        team = where.connected_team_ids.pop()
        where.is_ext_shared = bool(where.connected_team_ids)
        event = {"type": "channel_unshared", "previously_connected_team_id": team, "channel": where.id}
        return self.happenings.tell({**event, "is_ext_shared": where.is_ext_shared}, where)

    def convert_to_private(self, channel: ChannelRef, user: UserRef) -> Sent:
        """Slack tells this as a message of subtype channel_convert_to_private."""
        where = self.channel(channel)
        where.kind = "group"
        text = "made this channel *private*. Now, it can only be viewed or joined by invitation."
        line = {"type": "message", "subtype": "channel_convert_to_private", "user": id_of(user), "text": text}
        return self.happenings.message(where, self.workspace.add_message(where, line))

    def _about(self, channel: Channel, what: str, **facts: Any) -> Json:
        family = "group" if channel.kind == "group" else "channel"
        return {"type": f"{family}_{what}", "channel": channel.id, **facts}

    def revoke_tokens(self) -> Sent:
        """The bot token dies; Slack tells which users' tokens, not the tokens themselves."""
        self.workspace.app.revoked = True
        tokens = {"oauth": [], "bot": [self.workspace.app.bot_user_id]}
        return self.happenings.tell({"type": "tokens_revoked", "tokens": tokens})

    def uninstall(self) -> Sent:
        """The app is removed: tokens_revoked and app_uninstalled, in no promised order."""
        sent = self.revoke_tokens()
        self.workspace.app.uninstalled = True
        return sent + self.happenings.tell({"type": "app_uninstalled"})

    def reinstall(self, bot_token: str, scopes: Iterable[str] | None = None) -> None:
        app = self.workspace.app
        app.revoked = app.uninstalled = False
        app.bot_token = bot_token
        app.scopes = set(scopes) if scopes is not None else app.scopes
