"""response_url hooks: up to five messages within thirty minutes of an interaction, without a token.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.slack.arguments import Arguments
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.methods_chat import by_the_bot, content_of, post
from tests.fakes.slack.workspace import Channel, ResponseHook, new_id

if TYPE_CHECKING:
    from tests.fakes.slack.web_api import Api

Json = dict[str, Any]


class ResponseUrls:
    def __init__(self, api: "Api") -> None:
        self.api = api
        self.posts: list[Json] = []
        """All bodies that came in, good or bad."""

    def new(self, kind: str, hook: ResponseHook) -> str:
        """A response_url of its own for one interaction; `kind` is `actions`, `commands` or `app`."""
        path = f"/{kind}/{self.api.workspace.team_id}/{new_id('', 13)}/{new_id('', 24)}"
        self.api.workspace.hooks[path] = hook
        return self.api.base + path

    async def handle(self, request: web.Request) -> web.Response:
        fault = self.api.faults.next("response_url")
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is None or fault.after or not fault.spoils:
            answer = await self._answer(request)
        if fault is None or not fault.spoils:
            return answer
        if fault.cut and request.transport is not None:
            request.transport.abort()
        return web.Response(status=fault.status or 500, text=fault.body, headers=fault.headers)

    async def _answer(self, request: web.Request) -> web.Response:
        workspace = self.api.workspace
        try:
            body = json.loads(await request.text())
            self.posts.append(body)
            with workspace.lock:
                self._take(workspace.hooks.get(request.path), Arguments(body))
        except SlackError as refused:
            status = 404 if refused.error in ("expired_url", "used_url") else 400
            return web.json_response(refused.answer, status=status)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        return web.Response(text="ok")

    def _take(self, hook: ResponseHook | None, arguments: Arguments) -> None:
        workspace = self.api.workspace
        if hook is None or workspace.clock.now() - hook.at > workspace.timing.response_url_seconds:
            raise SlackError("expired_url")
        if hook.uses >= workspace.timing.response_url_uses:
            raise SlackError("used_url")
        hook.uses += 1
        self.respond(hook, arguments)

    def respond(self, hook: ResponseHook, arguments: Arguments) -> None:
        """Replace, delete or add a message, as the body asks; seen by the person alone unless `in_channel`."""
        channel = self.api.workspace.channels[hook.channel]
        if arguments.flag("delete_original") and hook.message_ts:
            self._delete(hook, channel)
            return
        content = content_of(arguments)
        if arguments.flag("replace_original") and hook.message_ts:
            self._replace(hook, channel, content)
            return
        thread_ts = arguments.text("thread_ts")
        if thread_ts:
            content["thread_ts"] = thread_ts
        if arguments.text("response_type") == "in_channel":
            post(self.api, channel, content)
            return
        told = {"ts": self.api.workspace.clock.ts(), "channel": channel.id, "to": hook.user, "is_ephemeral": True}
        self.api.workspace.ephemerals.append({**by_the_bot(self.api.workspace), **content, **told})

    def _delete(self, hook: ResponseHook, channel: Channel) -> None:
        workspace = self.api.workspace
        if hook.ephemeral:
            workspace.ephemerals[:] = [one for one in workspace.ephemerals if one["ts"] != hook.message_ts]
        elif hook.message_ts in channel.messages:
            gone = workspace.remove_message(channel, str(hook.message_ts))
            self.api.happenings.message_deleted(channel, gone)

    def _replace(self, hook: ResponseHook, channel: Channel, content: Json) -> None:
        workspace = self.api.workspace
        ephemeral = hook.ephemeral
        old = workspace.ephemeral(str(hook.message_ts)) if ephemeral else channel.messages.get(str(hook.message_ts))
        if old is None:
            raise SlackError("message_not_found")
        before = dict(old)
        old.pop("blocks", None)
        old.update(content)
        if not ephemeral:
            self.api.happenings.message_changed(channel, old, before)
