"""A local server that speaks Slack's Web API, Events API, interactivity and Socket Mode. See README.md."""

from tests.fakes.slack.clock import Timing
from tests.fakes.slack.errors import SlackError
from tests.fakes.slack.faults import Fault, broken_json, cut_after, cut_before, error, html, http, retry_after, slow
from tests.fakes.slack.records import Attempt, Delivery, Sent
from tests.fakes.slack.rendering import text_of
from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.workspace import Channel, User

__all__ = [
    "Attempt",
    "Channel",
    "Delivery",
    "FakeSlack",
    "Fault",
    "Sent",
    "SlackError",
    "Timing",
    "User",
    "broken_json",
    "cut_after",
    "cut_before",
    "error",
    "html",
    "http",
    "retry_after",
    "slow",
    "text_of",
]
