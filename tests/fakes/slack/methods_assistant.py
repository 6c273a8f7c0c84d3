"""Native streaming, and the status, prompts and title of assistant threads.

https://docs.slack.dev/reference/methods/chat.startStream and .../assistant.threads.setStatus
"""

from typing import Any

from tests.fakes.slack.arguments import Arguments
from tests.fakes.slack.blocks import MARKDOWN_CHARS, require_blocks
from tests.fakes.slack.errors import SlackError, invalid_arguments
from tests.fakes.slack.methods_chat import check_thread, conversation_to_post_in, metadata_of, post, shown
from tests.fakes.slack.views import fill_block_ids
from tests.fakes.slack.web_api import Api, method
from tests.fakes.slack.workspace import Channel

Json = dict[str, Any]

CHUNKS: dict[str, tuple[str, ...]] = {
    "markdown_text": ("text",),
    "plan_update": ("title",),
    "task_update": ("id", "title", "status"),
    "blocks": ("blocks",),
}
PROMPTS = 4
LOADING_MESSAGES = 10


def _streamed(arguments: Arguments) -> tuple[str, list[Json]]:
    """(text to append, chunks) of a call, checked."""
    text = arguments.text("markdown_text")
    chunks = arguments.json("chunks", "invalid_chunks") or []
    if not isinstance(chunks, list):
        raise SlackError("invalid_chunks")
    for chunk in chunks:
        needed = CHUNKS.get(chunk.get("type", "")) if isinstance(chunk, dict) else None
        if needed is None or any(chunk.get(name) in (None, "") for name in needed):
            raise SlackError("invalid_chunks")
        if chunk["type"] == "blocks":
            require_blocks(chunk["blocks"])
    text += "".join(chunk["text"] for chunk in chunks if chunk["type"] == "markdown_text")
    if len(text) > MARKDOWN_CHARS:
        raise SlackError("msg_too_long")
    return text, chunks


def _append(api: Api, message: Json, text: str, chunks: list[Json]) -> None:
    message["text"] += text
    message["_chunks"] += chunks
    message["_heard_at"] = api.workspace.clock.now()
    extra = [block for chunk in chunks if chunk["type"] == "blocks" for block in chunk["blocks"]]
    message["_blocks"] += fill_block_ids(extra)


@method("chat.startStream", scopes=["chat:write"], required=["channel", "thread_ts"])
def start_stream(api: Api, arguments: Arguments) -> Json:
    channel = conversation_to_post_in(api, arguments.text("channel"))
    check_thread(channel, arguments.text("thread_ts"))
    if channel.kind != "im":
        for name in ("recipient_team_id", "recipient_user_id"):
            if not arguments.text(name):
                raise SlackError(f"missing_{name}")
        api.workspace.user(arguments.text("recipient_user_id"))
    text, chunks = _streamed(arguments)
    content = {"text": "", "thread_ts": arguments.text("thread_ts"), "streaming_state": "in_progress"}
    notes: Json = {"_chunks": [], "_blocks": [], "_recipient": arguments.text("recipient_user_id")}
    message = post(api, channel, {**content, **notes})
    _append(api, message, text, chunks)
    return {"channel": channel.id, "ts": message["ts"]}


def _stream(api: Api, arguments: Arguments) -> tuple[Channel, Json]:
    channel = api.workspace.channel(arguments.text("channel"))
    message = api.workspace.message(channel, arguments.text("ts"))
    if message.get("bot_id") != api.workspace.app.bot_id:
        raise SlackError("message_not_owned_by_app")
    idle = api.workspace.clock.now() - message.get("_heard_at", 0)
    if message.get("streaming_state") == "in_progress" and idle > api.workspace.timing.stream_seconds:
        message["streaming_state"] = "completed"
    if message.get("streaming_state") == "stopped_by_user":
        raise SlackError("stopped_by_user")
    if message.get("streaming_state") != "in_progress":
        raise SlackError("message_not_in_streaming_state")
    return channel, message


@method("chat.appendStream", scopes=["chat:write"], required=["channel", "ts"])
def append_stream(api: Api, arguments: Arguments) -> Json:
    channel, message = _stream(api, arguments)
    text, chunks = _streamed(arguments)
    if not text and not chunks:
        raise SlackError("no_text")
    _append(api, message, text, chunks)
    return {"channel": channel.id, "ts": message["ts"]}


@method("chat.stopStream", scopes=["chat:write"], required=["channel", "ts"])
def stop_stream(api: Api, arguments: Arguments) -> Json:
    channel, message = _stream(api, arguments)
    text, chunks = _streamed(arguments)
    blocks = arguments.json("blocks", "invalid_blocks_format") or []
    if blocks:
        require_blocks(blocks)
    before = dict(message)
    _append(api, message, text, chunks)
    written = [{"type": "markdown", "text": message["text"]}] if message["text"] else []
    message["blocks"] = fill_block_ids(written) + message.pop("_blocks") + fill_block_ids(blocks)
    message["streaming_state"] = "completed"
    metadata = metadata_of(arguments)
    if metadata:
        message["metadata"] = metadata
    api.happenings.message_changed(channel, message, before)
    return {"channel": channel.id, "ts": message["ts"], "message": shown(message)}


def _thread(api: Api, arguments: Arguments, needed: bool = True) -> Json:
    channel = api.workspace.channel(arguments.text("channel_id"))
    thread_ts = arguments.text("thread_ts")
    if (thread_ts or needed) and thread_ts not in channel.messages:
        raise SlackError("invalid_thread_ts", detail="Thread not found")
    return api.workspace.assistant.setdefault((channel.id, thread_ts), {})


@method("assistant.threads.setStatus", scopes=["assistant:write", "chat:write"], required=["channel_id", "thread_ts"])
def set_status(api: Api, arguments: Arguments) -> Json:
    thread = _thread(api, arguments)
    loading = arguments.json("loading_messages", "invalid_arguments") or []
    if len(loading) > LOADING_MESSAGES:
        raise invalid_arguments("no more than 10 items allowed [json-pointer:/loading_messages]")
    thread.update(status=arguments.text("status"), loading_messages=loading)
    thread.setdefault("statuses", []).append(arguments.text("status"))
    return {}


@method("assistant.threads.setSuggestedPrompts", scopes=["assistant:write"], required=["channel_id", "prompts"])
def set_suggested_prompts(api: Api, arguments: Arguments) -> Json:
    prompts = arguments.json("prompts", "invalid_arguments")
    if not isinstance(prompts, list) or len(prompts) > PROMPTS:
        raise invalid_arguments(f"no more than {PROMPTS} items allowed [json-pointer:/prompts]")
    for index, prompt in enumerate(prompts):
        for name in ("title", "message"):
            if not prompt.get(name):
                raise invalid_arguments(f"missing required field: {name} [json-pointer:/prompts/{index}]")
    _thread(api, arguments, needed=False).update(prompts=prompts, prompts_title=arguments.text("title"))
    return {}


@method("assistant.threads.setTitle", scopes=["assistant:write"], required=["channel_id", "thread_ts", "title"])
def set_title(api: Api, arguments: Arguments) -> Json:
    _thread(api, arguments).update(title=arguments.text("title"))
    return {}
