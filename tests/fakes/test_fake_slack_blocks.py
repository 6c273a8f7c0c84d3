"""Block Kit and view validation: what Slack refuses, and the words it uses."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack
from tests.fakes.slack.blocks import check_blocks
from tests.fakes.slack.views import check_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(action_id: str = "press", **facts: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain("Press"), **facts}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def option(value: str = "a", text: str = "A") -> Json:
    return {"text": plain(text), "value": value}


def menu(options: list[Json], **facts: Any) -> Json:
    return {"type": "static_select", "action_id": "choose", "options": options, **facts}


def field(element: Json) -> Json:
    return {"type": "input", "label": plain("Why"), "element": element}


GOOD = [
    section("x" * 3000),
    {"type": "header", "text": plain("Title")},
    {"type": "divider"},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "small"}]},
    {"type": "markdown", "text": "**bold**"},
    actions(*(button(f"press{number}") for number in range(25))),
    actions(menu([option()], initial_option=option())),
    field({"type": "plain_text_input", "action_id": "why", "max_length": 300}),
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "judge",
                "positive_button": {"text": plain("Good"), "value": "good"},
                "negative_button": {"text": plain("Bad"), "value": "bad"},
            }
        ],
    },
    {"type": "section", "fields": [plain(str(number)) for number in range(10)], "accessory": button("side")},
]


def test_what_slack_takes_is_taken() -> None:
    assert check_blocks(GOOD) == []


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        ([{"type": "banner"}], "unsupported type: banner [json-pointer:/blocks/0/type]"),
        ([{"text": plain("x")}], "missing required field: type [json-pointer:/blocks/0]"),
        ([{"type": "section"}], "must define either `text` or `fields` [json-pointer:/blocks/0]"),
        ([{"type": "header", "text": plain("x" * 151)}], "must be less than 151 characters"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "unsupported type: mrkdwn"),
        ([actions(*(button(str(number)) for number in range(26)))], "no more than 25 items allowed"),
        ([actions()], "no less than 1 items allowed [json-pointer:/blocks/0/elements]"),
        ([{"type": "context", "elements": [plain("x")] * 11}], "no more than 10 items allowed"),
        ([actions({"type": "button", "text": plain("x" * 76)})], "must be less than 76 characters"),
        ([actions(button(value="x" * 2001))], "must be less than 2001 characters"),
        (
            [actions(button("x" * 256))],
            "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
        ),
        ([actions(button(style="blue"))], "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]"),
        ([actions(button("a"), button("a"))], '`action_id` "a" already exists'),
        ([{"type": "divider", "block_id": "b"}] * 2, '`block_id` "b" already exists [json-pointer:/blocks/1/block_id]'),
        ([actions({"type": "plain_text_input", "action_id": "a"})], "unsupported type: plain_text_input"),
        ([actions(menu([option(str(number)) for number in range(101)]))], "no more than 100 items allowed"),
        ([actions(menu([option("x" * 151)]))], "must be less than 151 characters"),
        ([actions(menu([option(text="x" * 76)]))], "must be less than 76 characters"),
        ([actions(menu([]))], "no less than 1 items allowed"),
        ([actions(menu([option()], initial_option=None))], "must provide an object"),
        ([actions({"type": "overflow", "action_id": "o", "options": [option()] * 6})], "no more than 5 items allowed"),
        ([field({"type": "button", "text": plain("x")})], "unsupported type: button"),
        ([{"type": "input", "label": plain("x")}], "missing required field: element [json-pointer:/blocks/0]"),
        ([{"type": "image", "alt_text": "x"}], "must define either `image_url` or `slack_file`"),
        ("blocks", "must provide an array [json-pointer:/blocks]"),
    ],
)
def test_what_slack_refuses_is_refused_in_its_words(blocks: Any, said: str) -> None:
    assert any(message.startswith(said) for message in check_blocks(blocks)), check_blocks(blocks)


def modal(**facts: Any) -> Json:
    return {"type": "modal", "title": plain("Title"), "blocks": [section("Hi")], **facts}


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]"),
        (modal(blocks=[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal(blocks=[field({"type": "plain_text_input"})]), "must define `submit` to use an `input` block in modals"),
        (modal(blocks=[{"type": "markdown", "text": "x"}]), "unsupported type: markdown"),
        ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view]"),
        ({"type": "page"}, "unsupported type: page [json-pointer:/view/type]"),
    ],
)
def test_views_have_limits_of_their_own(view: Json, said: str) -> None:
    assert any(message.startswith(said) for message in check_view(view)), check_view(view)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as running:
        yield running


def refusal(slack: FakeSlack, method: str, **arguments: Any) -> Json:
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    with pytest.raises(SlackApiError) as refused:
        asyncio.run(getattr(client, method)(**arguments))
    return dict(refused.value.response.data)


def test_invalid_blocks_come_with_reasons(slack: FakeSlack) -> None:
    channel = slack.add_channel("help").id
    answer = refusal(slack, "chat_postMessage", channel=channel, text="x", blocks=[section("x" * 3001)])
    reason = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert (answer["error"], answer["errors"]) == ("invalid_blocks", [reason])
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {reason}"]


def test_blocks_have_a_limit_together(slack: FakeSlack) -> None:
    blocks = [section("x" * 3000) for _ in range(5)]
    answer = refusal(slack, "chat_postMessage", channel=slack.add_channel("help").id, text="x", blocks=blocks)
    assert answer["error"] == "msg_blocks_too_long"


def test_blocks_that_are_not_json_are_refused(slack: FakeSlack) -> None:
    answer = refusal(slack, "chat_postMessage", channel=slack.add_channel("help").id, text="x", blocks="{nonsense")
    assert answer["error"] == "invalid_blocks_format"


def test_a_home_is_published_and_guarded_by_its_hash(slack: FakeSlack) -> None:
    ada = slack.add_user("ada")
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    home = {"type": "home", "blocks": [section("Welcome")]}
    first = asyncio.run(client.views_publish(user_id=ada.id, view=home))["view"]
    asyncio.run(client.views_publish(user_id=ada.id, view=home, hash=first["hash"]))
    assert refusal(slack, "views_publish", user_id=ada.id, view=home, hash=first["hash"])["error"] == "hash_conflict"
    assert slack.text_of(slack.home(ada) or {}) == "Welcome"


def test_a_trigger_opens_one_view_within_three_seconds(slack: FakeSlack) -> None:
    ada = slack.add_user("ada")
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)
    fresh, late = (slack.workspace.new_trigger(ada.id) for _ in range(2))
    asyncio.run(client.views_open(trigger_id=fresh, view=modal()))
    assert refusal(slack, "views_open", trigger_id=fresh, view=modal())["error"] == "exchanged_trigger_id"
    assert refusal(slack, "views_open", trigger_id="1.2.x", view=modal())["error"] == "invalid_trigger_id"
    slack.clock.advance(3.1)
    assert refusal(slack, "views_open", trigger_id=late, view=modal())["error"] == "expired_trigger_id"
    assert slack.text_of(slack.modal(ada) or {}) == "# Title\nHi"
