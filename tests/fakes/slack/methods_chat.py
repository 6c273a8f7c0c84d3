"""chat.*: posting, updating, deleting. https://docs.slack.dev/reference/methods/chat.postMessage and neighbours."""

from typing import Any

from tests.fakes.slack.arguments import Arguments
from tests.fakes.slack.blocks import MARKDOWN_CHARS, require_blocks
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.views import fill_block_ids
from tests.fakes.slack.web_api import Api, method
from tests.fakes.slack.workspace import Channel, Workspace

Json = dict[str, Any]

TEXT_CHARS = 40_000
ATTACHMENTS = 100
METADATA_BYTES = 8_192


def conversation_to_post_in(api: Api, wanted: str) -> Channel:
    """The conversation by id, `#name`, or a person's id; refused when the bot may not write there."""
    workspace = api.workspace
    if wanted in workspace.users:
        channel = workspace.im_with([wanted])
    else:
        named = [one for one in workspace.channels.values() if one.name and one.name == wanted.lstrip("#")]
        channel = workspace.channel(named[0].id if named else wanted)
    if channel.is_archived:
        raise SlackError("is_archived")
    if workspace.app.bot_user_id not in channel.members and "chat:write.public" not in workspace.app.scopes:
        raise SlackError("not_in_channel")
    return channel


def content_of(arguments: Arguments) -> Json:
    """The text, blocks and attachments of a message to be, checked."""
    text, markdown = arguments.text("text"), arguments.text("markdown_text")
    blocks = arguments.json("blocks", "invalid_blocks_format")
    attachments = arguments.json("attachments", "invalid_attachments") or []
    if markdown and (text or blocks):
        raise SlackError("markdown_text_conflict")
    if not (text or markdown or blocks or attachments):
        raise SlackError("no_text")
    if len(text) > TEXT_CHARS or len(markdown) > MARKDOWN_CHARS:
        raise SlackError("msg_too_long")
    if len(attachments) > ATTACHMENTS:
        raise SlackError("too_many_attachments")
    if markdown:
        blocks = [{"type": "markdown", "text": markdown}]
    content: Json = {"text": text or markdown}
    if blocks:
        require_blocks(blocks)
        content["blocks"] = fill_block_ids(blocks)
    if attachments:
        content["attachments"] = [{"id": index + 1, **one} for index, one in enumerate(attachments)]
    return content


def metadata_of(arguments: Arguments) -> Json | None:
    metadata = arguments.json("metadata", "invalid_metadata_format")
    if not metadata:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if not metadata.get("event_type"):
        raise SlackError("invalid_metadata_schema")
    if len(str(metadata)) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata


def by_the_bot(workspace: Workspace) -> Json:
    app = workspace.app
    return {
        "type": "message",
        "user": app.bot_user_id,
        "bot_id": app.bot_id,
        "app_id": app.id,
        "team": workspace.team_id,
        "bot_profile": {
            "id": app.bot_id,
            "app_id": app.id,
            "user_id": app.bot_user_id,
            "name": app.name,
            "deleted": False,
            "updated": 1_700_000_000,
            "team_id": workspace.team_id,
        },
    }


def check_thread(channel: Channel, thread_ts: str) -> None:
    """A reply needs something to reply to; lines such as "has joined the channel" cannot be replied to."""
    root = channel.messages.get(thread_ts)
    if root is None:
        raise SlackError("thread_not_found")
    if root.get("subtype") in ("channel_join", "channel_leave", "channel_topic", "channel_name"):
        raise SlackError("cannot_reply_to_message")


def shown(message: Json) -> Json:
    return {key: value for key, value in message.items() if not key.startswith("_")}


def post(api: Api, channel: Channel, content: Json) -> Json:
    """Put a message of the bot's into a conversation, and tell the app about it."""
    message = {**by_the_bot(api.workspace), **content}
    if message.get("thread_ts") and message.pop("reply_broadcast", False):
        message["subtype"] = "thread_broadcast"
    api.workspace.add_message(channel, message)
    api.workspace.assistant.get((channel.id, message.get("thread_ts", "")), {}).pop("status", None)
    api.happenings.message(channel, message)
    return message


@method("chat.postMessage", scopes=["chat:write"], required=["channel"])
def post_message(api: Api, arguments: Arguments) -> Json:
    channel = conversation_to_post_in(api, arguments.text("channel"))
    content = content_of(arguments)
    if arguments.text("thread_ts"):
        check_thread(channel, arguments.text("thread_ts"))
        content.update(thread_ts=arguments.text("thread_ts"), reply_broadcast=arguments.flag("reply_broadcast"))
    metadata = metadata_of(arguments)
    if metadata:
        content["metadata"] = metadata
    if arguments.get("username"):
        content.update(username=arguments.text("username"), subtype="bot_message")
    content["_unfurl"] = {name: arguments.flag(name) for name in ("unfurl_links", "unfurl_media") if name in arguments}
    message = post(api, channel, content)
    return {"channel": channel.id, "ts": message["ts"], "message": shown(message)}


@method("chat.update", scopes=["chat:write"], required=["channel", "ts"])
def update(api: Api, arguments: Arguments) -> Json:
    """New text alone takes the old blocks away; new blocks alone leave the "edited" mark out. So say Slack's docs."""
    channel = api.workspace.channel(arguments.text("channel"))
    if channel.is_archived:
        raise SlackError("is_inactive")
    message = api.workspace.message(channel, arguments.text("ts"))
    if message.get("bot_id") != api.workspace.app.bot_id:
        raise SlackError("cant_update_message")
    if message.get("streaming_state") == "in_progress":
        raise SlackError("streaming_state_conflict")
    before = dict(message)
    content = content_of(arguments)
    if "blocks" not in content and content["text"]:
        message.pop("blocks", None)
    elif not content["text"] and "blocks" not in content:
        content.pop("text")
    message.update(content)
    metadata = metadata_of(arguments)
    if metadata:
        message["metadata"] = metadata
    elif arguments.get("metadata") is not None:
        message.pop("metadata", None)
    if "blocks" not in content:
        message["edited"] = {"user": api.workspace.app.bot_user_id, "ts": api.workspace.clock.ts()}
    api.happenings.message_changed(channel, message, before)
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": shown(message)}


@method("chat.delete", scopes=["chat:write"], required=["channel", "ts"])
def delete(api: Api, arguments: Arguments) -> Json:
    channel = api.workspace.channel(arguments.text("channel"))
    message = api.workspace.message(channel, arguments.text("ts"))
    if message.get("bot_id") != api.workspace.app.bot_id:
        raise SlackError("cant_delete_message")
    api.happenings.message_deleted(channel, api.workspace.remove_message(channel, message["ts"]))
    return {"channel": channel.id, "ts": message["ts"]}


@method("chat.postEphemeral", scopes=["chat:write"], required=["channel", "user"])
def post_ephemeral(api: Api, arguments: Arguments) -> Json:
    workspace = api.workspace
    channel = conversation_to_post_in(api, arguments.text("channel"))
    if arguments.text("user") not in channel.members:
        raise SlackError("user_not_in_channel")
    message = {
        **by_the_bot(workspace),
        **content_of(arguments),
        "ts": workspace.clock.ts(),
        "channel": channel.id,
        "to": arguments.text("user"),
        "is_ephemeral": True,
    }
    if arguments.text("thread_ts"):
        message["thread_ts"] = arguments.text("thread_ts")
    workspace.ephemerals.append(message)
    return {"message_ts": message["ts"]}


@method("chat.getPermalink", required=["channel", "message_ts"], takes_json=False)
def get_permalink(api: Api, arguments: Arguments) -> Json:
    channel = api.workspace.channel(arguments.text("channel"))
    message = api.workspace.message(channel, arguments.text("message_ts"))
    link = f"https://{api.workspace.domain}.slack.com/archives/{channel.id}/p{message['ts'].replace('.', '')}"
    if message.get("thread_ts") not in (None, message["ts"]):
        link += f"?thread_ts={message['thread_ts']}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}
