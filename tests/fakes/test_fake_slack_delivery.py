"""Deliveries of the fake Slack to a real slack-bolt AsyncApp over HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fakes.slack import FakeSlack

Json = dict[str, Any]


def app_of(slack: FakeSlack) -> AsyncApp:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    quiet = logging.getLogger("quiet-bolt")
    quiet.setLevel(logging.CRITICAL)
    return AsyncApp(client=client, signing_secret=slack.signing_secret, logger=quiet)


@asynccontextmanager
async def serving(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()
        await asyncio.sleep(0.03)  # closed connections go in the rounds of the loop that follow


def with_bolt(story: Callable[[FakeSlack, AsyncApp], Awaitable[None]]) -> None:
    """Run a story with a fake Slack that delivers to a bolt app."""

    async def run() -> None:
        with FakeSlack() as slack:
            app = app_of(slack)
            async with serving(app.web_app(path="/slack/events")) as url:
                slack.deliver_to(url)
                await story(slack, app)

    asyncio.run(run())


def keep(app: AsyncApp, *events: str) -> list[Json]:
    """Let the app keep the bodies of these events."""
    kept: list[Json] = []
    for event in events:

        @app.event(event)
        async def listen(body: Json) -> None:
            kept.append(body)

    return kept


def test_a_mention_comes_as_message_and_as_app_mention() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        kept = keep(app, "message", "app_mention")
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        sent = await slack.say(ada, channel, slack.mention("where are the keys?"))
        assert sorted(one["event"]["type"] for one in kept) == ["app_mention", "message"]
        assert kept[0]["event_id"] != kept[1]["event_id"]
        assert {one["event"]["ts"] for one in kept} == {sent.ts}
        assert [one.status for one in sent.deliveries] == [200, 200]

    with_bolt(story)


def test_in_a_direct_message_no_app_mention_comes() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        kept = keep(app, "message", "app_mention")
        ada = slack.add_user("ada")
        await slack.say(ada, slack.im(ada), slack.mention("hello"))
        assert [(one["event"]["type"], one["event"]["channel_type"]) for one in kept] == [("message", "im")]

    with_bolt(story)


def test_the_app_answers_in_the_thread() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        @app.event("app_mention")
        async def answer(event: Json, say: Any) -> None:
            await say("Under the mat.", thread_ts=event["ts"])

        @app.event("message")
        async def ignore() -> None:
            pass

        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        root = await slack.say(ada, channel, slack.mention("keys?"))
        await slack.until(lambda: slack.replies(channel, root))
        assert [slack.text_of(one) for one in slack.replies(channel, root)] == ["Under the mat."]

    with_bolt(story)


@pytest.mark.parametrize("forgery", [{"signing_secret": "another"}, {"age": 600.0}, {"tamper": True}])
def test_bolt_refuses_what_is_not_signed_well(forgery: Json) -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        kept = keep(app, "message")
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        slack.timing.retry_after = ()
        sent = await slack.say(ada, channel, "Hi", **forgery)
        assert (sent.deliveries[0].status, kept) == (401, [])

    with_bolt(story)


def test_all_kinds_of_messages_and_events_arrive() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        names = """message member_joined_channel channel_archive channel_deleted channel_shared channel_unshared
            reaction_added app_home_opened assistant_thread_started assistant_thread_context_changed
            channel_rename tokens_revoked app_uninstalled channel_left""".split()
        kept = keep(app, *names)
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        first = slack.say(ada, channel, "Hi")
        slack.me(ada, channel, "waves")
        slack.broadcast(ada, channel, "To all", thread=first)
        slack.share_file(ada, channel, "log.txt")
        slack.bot_says(channel, "Deployed")
        slack.edit(channel, first, "Hello")
        slack.delete(channel, slack.say(ada, channel, "Oops"))
        slack.react(ada, channel, first, "eyes")
        slack.join(slack.add_user("bob"), channel)
        slack.open_home(ada)
        slack.change_assistant_context(ada, slack.start_assistant_thread(ada), channel)
        slack.share(channel)
        slack.unshare(channel)
        slack.rename(channel, "helpdesk")
        slack.archive(channel)
        slack.delete_channel(channel)
        old = slack.add_channel("old")
        slack.convert_to_private(slack.add_channel("secret"), ada)
        slack.leave(slack.bot_user_id, old)
        await slack.until(lambda: slack.settled)
        slack.uninstall()
        await slack.until(lambda: slack.settled)
        assert {one["event"]["type"] for one in kept} >= set(names) - {"tokens_revoked", "app_uninstalled"}
        subtypes = {one["event"].get("subtype") for one in kept if one["event"]["type"] == "message"}
        told = "me_message thread_broadcast file_share bot_message message_changed message_deleted channel_join"
        assert subtypes == {None, *told.split(), "channel_convert_to_private"}
        assert [one.event["type"] for one in slack.deliveries][-2:] == ["tokens_revoked", "app_uninstalled"]

    with_bolt(story)


def test_a_deleted_root_with_replies_leaves_a_tombstone() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        kept = keep(app, "message")
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        root = await slack.say(ada, channel, "Root")
        await slack.say(ada, channel, "Reply", thread=root)
        await slack.delete(channel, root)
        event = kept[-1]["event"]
        assert (event["subtype"], event["message"]["subtype"]) == ("message_changed", "tombstone")

    with_bolt(story)


def test_channels_without_the_bot_are_silent() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        ada, channel = slack.add_user("ada"), slack.add_channel("elsewhere", bot=False)
        assert slack.say(ada, channel, slack.mention("hello?")).deliveries == []

    with_bolt(story)


def test_a_stranger_writes_in_a_shared_channel() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        kept = keep(app, "message")
        stranger, channel = slack.add_user("s", is_stranger=True), slack.add_channel("shared", shared=True)
        await slack.say(stranger, channel, "Hi")
        assert kept[0]["is_ext_shared_channel"] is True
        assert kept[0]["event"]["user_team"] == stranger.team_id != kept[0]["team_id"] == slack.team_id

    with_bolt(story)


def test_url_verification_is_answered() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        assert (await slack.verify_url("abc")).answer == {"challenge": "abc"}

    with_bolt(story)


# Retries, duplicates, disorder, load: a request URL that behaves as told


def with_door(story: Callable[[FakeSlack, list[web.Request], list[Json]], Awaitable[None]], *statuses: int) -> None:
    """A request URL that answers with these statuses in turn (0: too late), then 200."""
    seen: list[web.Request] = []
    bodies: list[Json] = []
    left = list(statuses)

    async def door(request: web.Request) -> web.Response:
        seen.append(request)
        bodies.append(await request.json())
        status = left.pop(0) if left else 200
        if status == 0:
            await asyncio.sleep(0.5)
        headers = {"X-Slack-No-Retry": "1"} if status == 501 else {}
        return web.Response(status=status or 200, headers=headers)

    async def run() -> None:
        application = web.Application()
        application.router.add_post("/slack/events", door)
        with FakeSlack() as slack:
            async with serving(application) as url:
                slack.deliver_to(url)
                await story(slack, seen, bodies)

    asyncio.run(run())


def test_an_event_is_retried_three_times_with_the_same_id() -> None:
    async def story(slack: FakeSlack, seen: list[web.Request], bodies: list[Json]) -> None:
        slack.timing.ack_seconds = 0.2
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        sent = await slack.say(ada, channel, "Hi")
        told = [(one.headers.get("X-Slack-Retry-Num"), one.headers.get("X-Slack-Retry-Reason")) for one in seen]
        assert told == [(None, None), ("1", "http_error"), ("2", "http_timeout"), ("3", "http_error")]
        assert len({one["event_id"] for one in bodies}) == 1
        assert [one.status for one in sent.deliveries[0].attempts] == [500, 0, 503, 503]

    with_door(story, 500, 0, 503, 503, 200)


def test_no_retry_is_obeyed() -> None:
    async def story(slack: FakeSlack, seen: list[web.Request], bodies: list[Json]) -> None:
        await slack.say(slack.add_user("ada"), slack.add_channel("help"), "Hi")
        assert len(seen) == 1

    with_door(story, 501)


def test_nobody_listens() -> None:
    with FakeSlack() as slack:
        slack.deliver_to("http://127.0.0.1:9/slack/events")
        sent = slack.say(slack.add_user("ada"), slack.add_channel("help"), "Hi").wait()
        assert [one.reason for one in sent.deliveries[0].attempts] == ["connection_failed"] * 4


def test_disorder_repeats_and_delays_some_events() -> None:
    async def story(slack: FakeSlack, seen: list[web.Request], bodies: list[Json]) -> None:
        slack.disorder(duplicates=0.2, out_of_order=0.1, seed=3)
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        for number in range(100):
            slack.say(ada, channel, str(number))
        await slack.until(lambda: slack.settled)
        ids = [one["event_id"] for one in bodies]
        assert len(set(ids)) == 100 and 105 < len(ids) < 140
        stamps = [one["event"]["ts"] for one in bodies]
        assert stamps != sorted(stamps)

    with_door(story)


def test_load_is_sent_at_its_rate_and_measured() -> None:
    async def story(slack: FakeSlack, seen: list[web.Request], bodies: list[Json]) -> None:
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        report = await slack.load(rate=100, seconds=0.5, user=ada, channel=channel, text=lambda number: f"no {number}")
        assert (len(report.latencies), report.failed, report.retried) == (50, 0, 0)
        assert 0 < report.percentile(0.5) <= report.percentile(0.95)

    with_door(story)


# Interactivity


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


BUTTONS = [
    {
        "type": "actions",
        "block_id": "verdict",
        "elements": [
            {"type": "button", "action_id": "helpful", "value": "turn-1", "text": plain("Yes")},
            {
                "type": "static_select",
                "action_id": "topic",
                "options": [{"text": plain("Bills"), "value": "bills"}, {"text": plain("Keys"), "value": "keys"}],
            },
        ],
    }
]
MODAL = {
    "type": "modal",
    "callback_id": "ticket",
    "title": plain("Ticket"),
    "submit": plain("Send"),
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": plain("Why"),
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


def test_a_click_carries_what_slack_sends_and_its_response_url_works() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        bodies: list[Json] = []

        @app.action("helpful")
        async def thanks(ack: Any, body: Json, respond: Any) -> None:
            await ack()
            bodies.append(body)
            await respond("Thanks!", replace_original=True)

        @app.event("message")
        async def ignore() -> None:
            pass

        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        await app.client.chat_postMessage(channel=channel.id, text="Helpful?", blocks=BUTTONS)
        await slack.click(ada, slack.messages(channel)[0], "helpful", state={"topic": "keys"})
        await slack.until(lambda: slack.text_of(slack.messages(channel)[0]) == "Thanks!")
        action, state = bodies[0]["actions"][0], bodies[0]["state"]["values"]
        assert (action["value"], action["block_id"], bodies[0]["user"]["id"]) == ("turn-1", "verdict", ada.id)
        assert state["verdict"]["topic"]["selected_option"]["value"] == "keys"
        with pytest.raises(LookupError):
            slack.click(ada, slack.messages(channel)[0], "helpful")

    with_bolt(story)


def test_a_response_url_is_good_for_five_uses_and_thirty_minutes() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        slack.timing.ack_seconds = 0.1
        sent = slack.command(ada, channel, "/frontdesk", "help")
        hook = AsyncWebhookClient(sent.deliveries[0].payload["response_url"])
        answers = [await hook.send(text="Hi") for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [404]
        assert "used_url" in answers[5].body and len(slack.ephemerals(ada)) == 5
        other = slack.command(ada, channel, "/frontdesk").deliveries[0].payload["response_url"]
        slack.clock.advance(1801)
        assert "expired_url" in (await AsyncWebhookClient(other).send(text="Hi")).body

    with_bolt(story)


def test_a_modal_opens_refuses_and_closes() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        @app.command("/frontdesk")
        async def open_ticket(ack: Any, body: Json, client: AsyncWebClient) -> None:
            await ack("Opening...")
            await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

        @app.view("ticket")
        async def take(ack: Any, view: Json) -> None:
            short = len(view["state"]["values"]["why"]["text"]["value"]) < 5
            await (ack(response_action="errors", errors={"why": "Say more"}) if short else ack())

        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        await slack.command(ada, channel, "/frontdesk", "ticket")
        modal = await slack.until(lambda: slack.modal(ada))
        assert slack.text_of(modal) == "# Ticket\nWhy: ____\n[Send]"
        assert [one["text"] for one in slack.ephemerals(ada)] == ["Opening..."]
        refused = await slack.submit(ada, modal, {"why": "No"})
        assert refused.answer == {"response_action": "errors", "errors": {"why": "Say more"}} and slack.views
        with pytest.raises(ValueError, match="must be filled in"):
            slack.submit(ada, modal)
        await slack.submit(ada, modal, {"text": "The key broke"})
        assert slack.views == []

    with_bolt(story)


def test_views_are_pushed_updated_and_cleared() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        actions = iter(["push", "update", "clear"])

        @app.view("ticket")
        async def take(ack: Any) -> None:
            action = next(actions)
            title = {**MODAL, "title": plain(action)}
            await (ack(response_action=action) if action == "clear" else ack(response_action=action, view=title))

        ada = slack.add_user("ada")
        await app.client.views_open(trigger_id=slack.workspace.new_trigger(ada.id), view=MODAL)
        seen = []
        for _ in range(3):
            await slack.submit(ada, slack.modal(ada) or {}, {"why": "because"})
            seen.append([one["title"]["text"] for one in slack.views])
        assert seen == [["Ticket", "push"], ["Ticket", "update"], []]

    with_bolt(story)


def test_closing_and_shortcuts_are_told() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        told: list[str] = []

        @app.view_closed("ticket")
        @app.shortcut("ask")
        @app.shortcut("summarise")
        async def note(ack: Any, body: Json) -> None:
            await ack()
            told.append(body["type"])

        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        slack.subscribe("app_mention")
        slack.say(ada, channel, "A message")
        await app.client.views_open(trigger_id=slack.workspace.new_trigger(ada.id), view=MODAL)
        await slack.close(ada, slack.modal(ada) or {})
        await slack.shortcut(ada, "ask")
        await slack.message_shortcut(ada, "summarise", slack.messages(channel)[0])
        assert told == ["view_closed", "shortcut", "message_action"]

    with_bolt(story)


def test_a_button_in_a_modal_pushes_another_modal() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        refused: list[str] = []

        @app.action("helpful")
        async def push(ack: Any, body: Json, client: AsyncWebClient) -> None:
            await ack()
            try:
                await client.views_push(trigger_id=body["trigger_id"], view={**MODAL, "blocks": BUTTONS})
            except SlackApiError as problem:
                refused.append(problem.response["error"])

        ada = slack.add_user("ada")
        first = {**MODAL, "blocks": BUTTONS}
        await app.client.views_open(trigger_id=slack.workspace.new_trigger(ada.id), view=first)
        for _ in range(3):
            await slack.click(ada, slack.modal(ada) or {}, "helpful")
            await asyncio.sleep(0.05)
        assert len(slack.views) == 3 and refused == ["push_limit_reached"]
        assert slack.views[2]["previous_view_id"] == slack.views[1]["id"]

    with_bolt(story)


def test_home_and_ephemeral_messages_can_be_clicked() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        bodies: list[Json] = []

        @app.action("helpful")
        async def note(ack: Any, body: Json, respond: Any) -> None:
            await ack()
            bodies.append(body)
            if "response_url" in body:
                await respond(delete_original=True)

        ada = slack.add_user("ada")
        channel = slack.add_channel("help", [ada])
        await app.client.views_publish(user_id=ada.id, view={"type": "home", "blocks": BUTTONS})
        await slack.click(ada, slack.home(ada) or {}, "helpful")
        await app.client.chat_postEphemeral(channel=channel.id, user=ada.id, text="Helpful?", blocks=BUTTONS)
        await slack.click(ada, slack.ephemerals(ada)[0], "helpful")
        await slack.until(lambda: not slack.ephemerals(ada))
        assert [one["container"]["type"] for one in bodies] == ["view", "message"]
        assert bodies[1]["container"]["is_ephemeral"] is True and "message" not in bodies[1]

    with_bolt(story)


def test_an_event_can_be_repeated_or_come_from_another_team() -> None:
    async def story(slack: FakeSlack, app: AsyncApp) -> None:
        kept = keep(app, "message")
        ada, channel = slack.add_user("ada"), slack.add_channel("help")
        sent = await slack.say(ada, channel, "Hi")
        await slack.repeat(sent, retry_num=1, retry_reason="http_timeout")
        await slack.say(ada, channel, "From afar", team_id="T0OTHER")
        assert kept[0]["event_id"] == kept[1]["event_id"]
        assert kept[2]["team_id"] == "T0OTHER"

    with_bolt(story)
