"""What people press, fill in and submit: block_actions, view_submission, commands and shortcuts.

Payloads: https://docs.slack.dev/reference/interaction-payloads
"""

import json
from typing import Any

from tests.fakes.slack import views
from tests.fakes.slack.arguments import Arguments
from tests.fakes.slack.blocks import interactive_elements
from tests.fakes.slack.delivery import Courier
from tests.fakes.slack.form_values import answer_of, state_of
from tests.fakes.slack.happenings import bare
from tests.fakes.slack.records import COMMANDS, INTERACTIVE, Delivery, Sent
from tests.fakes.slack.response_urls import ResponseUrls
from tests.fakes.slack.setting_up import ChannelRef, UserRef, id_of
from tests.fakes.slack.workspace import Channel, ResponseHook, Workspace

Json = dict[str, Any]


class Interactions:
    """Mixed into FakeSlack."""

    workspace: Workspace
    courier: Courier
    response_urls: ResponseUrls

    def click(
        self, user: UserRef, shown: Json, action_id: str, value: Any = None, state: Json | None = None, **forge: Any
    ) -> Sent:
        """Press or choose something in a message or view (as `messages`, `ephemerals`, `views` or `home` return it).

        `value` chooses among options, or picks the button when several have this action_id. `state`: other fields
        that are filled in, by action_id or block_id. LookupError when no such element is to be seen.
        """
        block, element = find_element(shown, action_id, value)
        action = {**answer_of(element, value), "action_id": action_id, "block_id": block["block_id"]}
        if "text" in element:
            action["text"] = element["text"]
        action["action_ts"] = self.workspace.clock.ts()
        payload: Json = {**self._by(user, "block_actions"), "actions": [action]}
        values = state_of(shown["blocks"], state or {})
        if shown.get("type") in ("modal", "home"):
            payload["trigger_id"] = self.workspace.new_trigger(id_of(user), shown["id"])
            payload["container"] = {"type": "view", "view_id": shown["id"]}
            payload["view"] = {**views.public(shown), "state": {"values": values}}
        else:
            payload["state"] = {"values": values}
            payload.update(self._in_message(user, shown))
        return self.courier.send(INTERACTIVE, payload, **forge)

    def _in_message(self, user: UserRef, message: Json) -> Json:
        channel = self.workspace.channels[message["channel"]]
        ephemeral = bool(message.get("is_ephemeral"))
        hook = ResponseHook(channel.id, id_of(user), self.workspace.clock.now(), message["ts"], ephemeral=ephemeral)
        container = {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if message.get("thread_ts"):
            container["thread_ts"] = hook.thread_ts = message["thread_ts"]
        facts: Json = {
            "container": container,
            "trigger_id": self.workspace.new_trigger(id_of(user)),
            "channel": self._channel_line(channel),
            "response_url": self.response_urls.new("actions", hook),
        }
        if not ephemeral:
            facts["message"] = bare({key: value for key, value in message.items() if key != "channel"})
        return facts

    def _channel_line(self, channel: Channel) -> Json:
        names = {"im": "directmessage", "group": "privategroup"}
        return {"id": channel.id, "name": names.get(channel.kind, channel.name)}

    def _by(self, user: UserRef, kind: str) -> Json:
        person = self.workspace.users[id_of(user)]
        who = {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id}
        return {
            "type": kind,
            "user": who,
            "api_app_id": self.workspace.app.id,
            "token": "verification-token-of-old",
            "team": {"id": self.workspace.team_id, "domain": self.workspace.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def submit(self, user: UserRef, view: Json, values: Json | None = None, **forge: Any) -> Sent:
        """Fill in a modal and press submit. `values` by block_id or action_id; what is left out keeps its initial
        value. The app's `response_action` is carried out; `sent.answer` shows it.

        ValueError when a field that must be filled in is not: Slack's clients would not send that.
        """
        state = state_of(view["blocks"], values or {}, strict=True)
        filled = {**views.public(view), "state": {"values": state}}
        payload = {**self._by(user, "view_submission"), "view": filled, "response_urls": []}
        payload["trigger_id"] = self.workspace.new_trigger(id_of(user), view["id"])
        return self.courier.send(INTERACTIVE, payload, lambda delivery: self._submitted(view, delivery), **forge)

    def _submitted(self, view: Json, delivery: Delivery) -> None:
        """An empty answer closes the view; errors, update, push and clear do what they say."""
        action = delivery.answer.get("response_action")
        stored = self.workspace.views.get(view["id"], view)
        if action == "errors":
            unknown = set(delivery.answer["errors"]) - {block["block_id"] for block in stored["blocks"]}
            if unknown:
                raise ValueError(f"errors for blocks the view does not have: {sorted(unknown)}")
        elif action == "update":
            views.replace_view(self.workspace, stored, views.require_view(delivery.answer["view"], ("modal",)))
        elif action == "push":
            pushed = views.require_view(delivery.answer["view"], ("modal",))
            views.open_view(self.workspace, pushed, stored["_user"], on=stored)
        else:
            views.close_view(self.workspace, stored, all_of_stack=action == "clear" or stored["clear_on_close"])

    def close(self, user: UserRef, view: Json, all_of_stack: bool = False) -> Sent:
        """Dismiss a modal: view_closed, when the view asked to be told."""
        views.close_view(self.workspace, view, all_of_stack)
        if not view["notify_on_close"]:
            return Sent([])
        payload = {**self._by(user, "view_closed"), "view": views.public(view), "is_cleared": all_of_stack}
        return self.courier.send(INTERACTIVE, payload)

    def suggest(self, user: UserRef, shown: Json, action_id: str, typed: str) -> Sent:
        """Type in an external_select: block_suggestion; the app's options are in `sent.answer`."""
        block, _ = find_element(shown, action_id, None)
        payload = {**self._by(user, "block_suggestion"), "action_id": action_id, "block_id": block["block_id"]}
        payload["value"] = typed
        if shown.get("type") in ("modal", "home"):
            payload["view"] = views.public(shown)
            payload["container"] = {"type": "view", "view_id": shown["id"]}
        return self.courier.send(INTERACTIVE, payload)

    def command(self, user: UserRef, channel: ChannelRef, command: str, text: str = "", **forge: Any) -> Sent:
        """A slash command. What the app answers with at once is shown as Slack would show it."""
        person, where = self.workspace.users[id_of(user)], self.workspace.channels[id_of(channel)]
        hook = ResponseHook(where.id, person.id, self.workspace.clock.now())
        form = {
            "token": "verification-token-of-old",
            "team_id": self.workspace.team_id,
            "team_domain": self.workspace.domain,
            "channel_id": where.id,
            "channel_name": self._channel_line(where)["name"],
            "user_id": person.id,
            "user_name": person.name,
            "command": command,
            "text": text,
            "api_app_id": self.workspace.app.id,
            "is_enterprise_install": "false",
            "response_url": self.response_urls.new("commands", hook),
            "trigger_id": self.workspace.new_trigger(person.id),
        }
        return self.courier.send(COMMANDS, form, lambda delivery: self._answered(hook, delivery), **forge)

    def _answered(self, hook: ResponseHook, delivery: Delivery) -> None:
        body = delivery.attempts[-1].body
        answer = delivery.answer or ({"text": body} if body and not _is_json(body) else {})
        if answer:
            self.response_urls.respond(hook, Arguments(answer))

    def shortcut(self, user: UserRef, callback_id: str) -> Sent:
        """A global shortcut."""
        facts = {"callback_id": callback_id, "trigger_id": self.workspace.new_trigger(id_of(user))}
        payload = {**self._by(user, "shortcut"), **facts, "action_ts": self.workspace.clock.ts()}
        return self.courier.send(INTERACTIVE, payload)

    def message_shortcut(self, user: UserRef, callback_id: str, message: Json) -> Sent:
        """A shortcut from a message's menu (`message_action`)."""
        facts = self._in_message(user, message)
        facts.pop("container")
        payload = {**self._by(user, "message_action"), "callback_id": callback_id, **facts}
        payload.update(message_ts=message["ts"], action_ts=self.workspace.clock.ts())
        return self.courier.send(INTERACTIVE, payload)


def find_element(shown: Json, action_id: str, value: Any) -> tuple[Json, Json]:
    """(block, element) with this action_id; among several buttons, the one with this value."""
    found = [
        (block, element)
        for block in shown.get("blocks", [])
        for _, element in interactive_elements(block)
        if element.get("action_id") == action_id
    ]
    if not found:
        raise LookupError(f"nothing with action_id {action_id!r} is to be seen")
    return next(((block, one) for block, one in found if value is not None and one.get("value") == value), found[0])


def _is_json(body: str) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
