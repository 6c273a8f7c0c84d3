"""The fake Slack's Web API, called with the real AsyncWebClient."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes import slack as fake
from tests.fakes.slack import FakeSlack


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as running:
        yield running


def client_of(slack: FakeSlack, token: str | None = None, **options: Any) -> AsyncWebClient:
    return AsyncWebClient(token=token or slack.bot_token, base_url=slack.base_url, **options)


def call(slack: FakeSlack, method: str, **arguments: Any) -> dict[str, Any]:
    """One call of `chat_postMessage` and the like; the answer, also when it is a refusal."""

    async def once() -> dict[str, Any]:
        try:
            answer = await getattr(client_of(slack), method)(**arguments)
        except SlackApiError as refused:
            answer = refused.response
        return dict(answer.data)

    return asyncio.run(once())


def test_auth_test_names_the_bot_and_its_scopes(slack: FakeSlack) -> None:
    answer = asyncio.run(client_of(slack).auth_test())
    assert (answer["user_id"], answer["team_id"]) == (slack.bot_user_id, slack.team_id)
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(
    ("token", "error"),
    [("xoxb-wrong", "invalid_auth"), ("xapp-1-A0FAKE-3333-fake-app-token", "not_allowed_token_type")],
)
def test_a_wrong_token_is_refused(slack: FakeSlack, token: str, error: str) -> None:
    with pytest.raises(SlackApiError, match=error):
        asyncio.run(client_of(slack, token).auth_test())


def test_tokens_die_when_revoked(slack: FakeSlack) -> None:
    assert call(slack, "auth_revoke")["revoked"] is True
    assert call(slack, "auth_test")["error"] == "token_revoked"


def test_a_missing_scope_is_named(slack: FakeSlack) -> None:
    slack.app.scopes.discard("chat:write")
    answer = call(slack, "chat_postMessage", channel=slack.add_channel("help").id, text="Hi")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")
    assert "users:read" in answer["provided"].split(",")


def test_scopes_for_private_channels_are_their_own(slack: FakeSlack) -> None:
    slack.app.scopes.discard("groups:history")
    private = slack.add_channel("board", private=True)
    assert call(slack, "conversations_history", channel=private.id)["needed"] == "groups:history"


def test_unknown_methods_are_unknown(slack: FakeSlack) -> None:
    with pytest.raises(SlackApiError, match="unknown_method"):
        asyncio.run(client_of(slack).api_call("chat.shout"))


def test_no_token_and_get_requests(slack: FakeSlack) -> None:
    async def fetch() -> tuple[dict[str, Any], dict[str, Any]]:
        async with aiohttp.ClientSession() as session:
            async with session.get(slack.base_url + "auth.test") as nobody:
                first = await nobody.json()
            async with session.get(slack.base_url + "auth.test", params={"token": slack.bot_token}) as bot:
                return first, await bot.json()

    nobody, bot = asyncio.run(fetch())
    assert nobody["error"] == "not_authed"
    assert bot["ok"] is True


def test_reading_methods_ignore_a_json_body(slack: FakeSlack) -> None:
    body = {"json": {"channel": slack.add_channel("help").id}}
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        asyncio.run(client_of(slack).api_call("conversations.info", **body))


def test_a_posted_message_can_be_read_back(slack: FakeSlack) -> None:
    help_channel = slack.add_channel("help")
    root = call(slack, "chat_postMessage", channel=help_channel.id, text="Root")["ts"]
    call(slack, "chat_postMessage", channel=help_channel.id, text="Reply", thread_ts=root)
    found = call(slack, "conversations_replies", channel=help_channel.id, ts=root)["messages"]
    assert [one["text"] for one in found] == ["Root", "Reply"]
    assert (found[0]["reply_count"], found[1]["parent_user_id"]) == (1, slack.bot_user_id)
    assert [one["text"] for one in call(slack, "conversations_history", channel=help_channel.id)["messages"]] == [
        "Root"
    ]


def test_timestamps_ascend_and_never_repeat(slack: FakeSlack) -> None:
    stamps = [slack.clock.ts() for _ in range(2000)]
    assert stamps == sorted(set(stamps), key=float)


def test_where_the_bot_may_not_write(slack: FakeSlack) -> None:
    elsewhere, secret = slack.add_channel("a", bot=False), slack.add_channel("b", private=True, bot=False)
    old, help_channel = slack.add_channel("c", archived=True), slack.add_channel("d")
    wanted = {elsewhere.id: "not_in_channel", secret.id: "channel_not_found", old.id: "is_archived"}
    wanted["C0NOWHERE"] = "channel_not_found"
    assert {one: call(slack, "chat_postMessage", channel=one, text="Hi")["error"] for one in wanted} == wanted
    gone = call(slack, "chat_postMessage", channel=help_channel.id, text="Hi", thread_ts="1.000001")
    assert gone["error"] == "thread_not_found"


def test_a_message_needs_text_and_not_too_much(slack: FakeSlack) -> None:
    channel = slack.add_channel("help").id
    empty = {"json": {"channel": channel}}
    assert call(slack, "api_call", api_method="chat.postMessage", **empty)["error"] == "no_text"
    assert call(slack, "chat_postMessage", channel=channel, text="x" * 40_001)["error"] == "msg_too_long"
    assert call(slack, "chat_postMessage", channel=channel, text="x" * 40_000)["ok"] is True


def test_a_person_id_stands_for_the_direct_message(slack: FakeSlack) -> None:
    ada = slack.add_user("ada")
    answer = call(slack, "chat_postMessage", channel=ada.id, text="Hello")
    assert answer["channel"] == slack.im(ada).id == call(slack, "conversations_open", users=[ada.id])["channel"]["id"]


def test_new_text_takes_the_blocks_away(slack: FakeSlack) -> None:
    channel = slack.add_channel("help").id
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Working"}}]
    ts = call(slack, "chat_postMessage", channel=channel, text="Working", blocks=blocks)["ts"]
    call(slack, "chat_update", channel=channel, ts=ts, text="Done")
    assert "blocks" not in slack.messages(channel)[0]
    assert slack.text_of(slack.messages(channel)[0]) == "Done"


def test_only_own_messages_are_changed(slack: FakeSlack) -> None:
    ada, channel = slack.add_user("ada"), slack.add_channel("help")
    ts = slack.say(ada, channel, "Mine").ts
    assert call(slack, "chat_update", channel=channel.id, ts=ts, text="Yours")["error"] == "cant_update_message"
    assert call(slack, "chat_delete", channel=channel.id, ts=ts)["error"] == "cant_delete_message"
    assert call(slack, "chat_delete", channel=channel.id, ts="1.000001")["error"] == "message_not_found"


def test_ephemeral_messages_reach_members_only(slack: FakeSlack) -> None:
    ada, eve = slack.add_user("ada"), slack.add_user("eve")
    channel = slack.add_channel("help", [ada])
    call(slack, "chat_postEphemeral", channel=channel.id, user=ada.id, text="Only you")
    assert [one["text"] for one in slack.ephemerals(ada)] == ["Only you"]
    refused = call(slack, "chat_postEphemeral", channel=channel.id, user=eve.id, text="Only you")
    assert refused["error"] == "user_not_in_channel"


def test_lists_come_in_pages(slack: FakeSlack) -> None:
    people = [slack.add_user(f"user{number}") for number in range(7)]
    channel = slack.add_channel("help", people)

    async def all_members() -> list[str]:
        pages = await client_of(slack).conversations_members(channel=channel.id, limit=3)
        return [member async for one in pages for member in one["members"]]

    assert len(asyncio.run(all_members())) == 8
    assert call(slack, "conversations_members", channel=channel.id, cursor="nonsense")["error"] == "invalid_cursor"


def test_guests_and_strangers_look_like_it(slack: FakeSlack) -> None:
    guest = slack.add_user("guest", is_restricted=True)
    stranger = slack.add_user("stranger", "S. Range", is_stranger=True, email="s@example.com")
    shown = call(slack, "users_info", user=stranger.id)["user"]
    assert call(slack, "users_info", user=guest.id)["user"]["is_restricted"] is True
    assert shown["is_stranger"] and shown["team_id"] != slack.team_id and "email" not in shown["profile"]
    assert "real_name" not in call(slack, "users_info", user=guest.id)["user"]


def test_usergroups_and_reactions(slack: FakeSlack) -> None:
    ada, channel = slack.add_user("ada"), slack.add_channel("help")
    group = slack.add_usergroup("agents", [ada])
    ts = slack.say(ada, channel, "Hi").ts
    assert call(slack, "usergroups_users_list", usergroup=group.id)["users"] == [ada.id]
    assert call(slack, "usergroups_list")["usergroups"][0]["handle"] == "agents"
    assert call(slack, "reactions_add", channel=channel.id, timestamp=ts, name="eyes")["ok"]
    assert call(slack, "reactions_add", channel=channel.id, timestamp=ts, name="eyes")["error"] == "already_reacted"


def test_a_stream_grows_and_stops(slack: FakeSlack) -> None:
    ada, channel = slack.add_user("ada"), slack.add_channel("help")
    root = slack.say(ada, channel, "Question?").ts

    async def stream() -> None:
        streamer = await client_of(slack).chat_stream(
            channel=channel.id, thread_ts=root, recipient_team_id=slack.team_id, recipient_user_id=ada.id, buffer_size=4
        )
        for part in ("The key ", "is under ", "the mat."):
            await streamer.append(markdown_text=part)
        button = {"type": "button", "action_id": "ok", "text": {"type": "plain_text", "text": "Thanks"}}
        await streamer.stop(blocks=[{"type": "actions", "elements": [button]}])

    asyncio.run(stream())
    (reply,) = slack.replies(channel, root)
    assert slack.text_of(reply) == "The key is under the mat.\n[Thanks]"
    assert len(slack.calls("chat.appendStream")) == 2


def test_a_stream_is_refused_where_slack_refuses_it(slack: FakeSlack) -> None:
    ada, channel = slack.add_user("ada"), slack.add_channel("help")
    root = slack.say(ada, channel, "Question?").ts
    in_channel = {"channel": channel.id, "thread_ts": root}
    assert call(slack, "chat_startStream", **in_channel)["error"] == "missing_recipient_team_id"
    direct = slack.im(ada)
    ts = call(slack, "chat_startStream", channel=direct.id, thread_ts=slack.say(ada, direct, "Hi").ts)["ts"]
    assert call(slack, "chat_update", channel=direct.id, ts=ts, text="No")["error"] == "streaming_state_conflict"
    slack.clock.advance(slack.timing.stream_seconds + 1)
    late = call(slack, "chat_appendStream", channel=direct.id, ts=ts, markdown_text="late")
    assert late["error"] == "message_not_in_streaming_state"


def test_status_goes_when_the_answer_comes(slack: FakeSlack) -> None:
    ada = slack.add_user("ada")
    thread = slack.start_assistant_thread(ada)
    where = {"channel_id": slack.im(ada).id, "thread_ts": thread.ts}
    call(slack, "assistant_threads_setStatus", **where, status="is looking...")
    call(slack, "assistant_threads_setSuggestedPrompts", **where, prompts=[{"title": "Hours", "message": "When?"}])
    call(slack, "chat_postMessage", channel=slack.im(ada).id, thread_ts=thread.ts, text="Found it")
    shown = slack.assistant(slack.im(ada), thread)
    assert "status" not in shown and shown["statuses"] == ["is looking..."] and shown["prompts"][0]["title"] == "Hours"


def test_a_reply_to_a_reply_is_lost_from_the_thread(slack: FakeSlack) -> None:
    ada, channel = slack.add_user("ada"), slack.add_channel("help")
    root = slack.say(ada, channel, "Root")
    reply = slack.say(ada, channel, "Reply", thread=root)
    call(slack, "chat_postMessage", channel=channel.id, text="Astray", thread_ts=reply.ts)
    assert [one["text"] for one in slack.thread(channel, root)] == ["Root", "Reply"]


def test_permalinks(slack: FakeSlack) -> None:
    ada, channel = slack.add_user("ada"), slack.add_channel("help")
    root = slack.say(ada, channel, "Hi").ts
    reply = slack.say(ada, channel, "Again", thread=root).ts
    link = call(slack, "chat_getPermalink", channel=channel.id, message_ts=reply)["permalink"]
    assert link.endswith(f"/archives/{channel.id}/p{reply.replace('.', '')}?thread_ts={root}&cid={channel.id}")


# Rate limits and faults


def test_rate_limits_are_kept_by_the_real_retry_handler(slack: FakeSlack) -> None:
    channel = slack.add_channel("help")
    slack.limits = True
    slack.rate_limits.post_burst = 1

    async def post_two() -> None:
        client = client_of(slack, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)])
        for text in ("one", "two"):
            await client.chat_postMessage(channel=channel.id, text=text)

    asyncio.run(post_two())
    assert [one["text"] for one in slack.messages(channel)] == ["one", "two"]
    assert [one.status for one in slack.calls("chat.postMessage")] == [200, 429, 200]


def test_tiers_limit_calls_a_minute(slack: FakeSlack) -> None:
    slack.limits = True
    answers = [call(slack, "users_list") for _ in range(21)]
    assert [one.get("error") for one in answers][19:] == [None, "ratelimited"]
    slack.clock.advance(61)
    assert call(slack, "users_list")["ok"] is True


def raises(work: Callable[[], Awaitable[Any]]) -> Exception:
    async def attempt() -> Exception:
        try:
            await work()
        except Exception as problem:
            return problem
        raise AssertionError("nothing went wrong")

    return asyncio.run(attempt())


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        (fake.cut_before(), 0),
        (fake.cut_after(), 1),
        (503, 0),
        (fake.http(500, after=True), 1),
        (fake.html(), 0),
        (fake.broken_json(after=True), 1),
        (fake.retry_after(30), 0),
        ("fatal_error", 0),
    ],
)
def test_a_fault_spoils_one_call_before_or_after_its_effect(slack: FakeSlack, fault: Any, kept: int) -> None:
    channel = slack.add_channel("help")
    slack.fail("chat.postMessage", with_=fault)
    raises(lambda: client_of(slack, retry_handlers=[]).chat_postMessage(channel=channel.id, text="Hi"))
    assert len(slack.messages(channel)) == kept
    assert call(slack, "chat_postMessage", channel=channel.id, text="Hi")["ok"] is True


@pytest.mark.parametrize("fault", [fake.cut_before(), fake.cut_after()])
def test_a_cut_looks_like_a_broken_connection(slack: FakeSlack, fault: Any) -> None:
    slack.fail("auth.test", with_=fault)
    assert isinstance(raises(lambda: client_of(slack, retry_handlers=[]).auth_test()), aiohttp.ClientConnectionError)


def test_slow_answers_outlast_an_impatient_client(slack: FakeSlack) -> None:
    slack.fail("auth.test", with_=fake.slow(2))
    assert isinstance(raises(lambda: client_of(slack, timeout=1).auth_test()), asyncio.TimeoutError)


def test_random_trouble_is_the_same_for_the_same_seed() -> None:
    def failed() -> list[int]:
        with FakeSlack() as slack:
            slack.trouble(rate=0.2, seed=7, kinds=(fake.error("internal_error"),))
            for _ in range(40):
                call(slack, "auth_test")
            return [index for index, one in enumerate(slack.calls()) if not one.ok]

    assert failed() == failed() != []
