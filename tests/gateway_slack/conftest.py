"""A real gateway, a Rasa that we play, and a Slack that we play, in which the app may do what its manifest says."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from sqlalchemy import func, select

from contracts.database import open_engine
from contracts.tables import Base, MessageRow, OutboxRow
from tests.fakes.slack import Channel, FakeSlack, Sent, User
from tests.gateway.conftest import Gateway, migrated, running_gateway
from tests.gateway.fake_rasa import FakeRasa, Mood, gives, says

MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "gateway" / "slack" / "manifest.yml").read_text())
MESSAGES, OUTBOX = (Base.metadata.tables[row.__tablename__] for row in (MessageRow, OutboxRow))
Json = dict[str, Any]
StartChat = Callable[..., "Chat"]


def installed_slack() -> FakeSlack:
    """A workspace in which the app is installed with the scopes and events of its manifest, and nothing else."""
    slack = FakeSlack()
    slack.app.scopes = set(MANIFEST["oauth_config"]["scopes"]["bot"])
    subscribe(slack)
    return slack


def subscribe(slack: FakeSlack) -> None:
    """Slack tells the events that the manifest names."""
    slack.subscribe(*MANIFEST["settings"]["event_subscriptions"]["bot_events"])


def http_settings(slack: FakeSlack, rasa: FakeRasa, database_url: str) -> dict[str, str]:
    """The environment of a gateway that Slack reaches by HTTP."""
    return {
        "DATABASE_URL": database_url, "RASA_URL": rasa.address, "SLACK_API_URL": slack.base_url,
        "SLACK_BOT_TOKEN": slack.bot_token, "SLACK_SIGNING_SECRET": slack.signing_secret, "BURST_SECONDS": "0.1",
    }  # fmt: skip


def socket_settings(slack: FakeSlack, rasa: FakeRasa, database_url: str) -> dict[str, str]:
    """The environment of a gateway that connects to Slack by itself: Socket Mode."""
    given = http_settings(slack, rasa, database_url)
    return given | {"SLACK_SIGNING_SECRET": "", "SLACK_APP_TOKEN": slack.app_token}


def deliver_by_http(slack: FakeSlack, address: str) -> None:
    """Slack's requests go to this gateway, as soon as it knows who it is there."""
    slack.wait_for(lambda: httpx.post(f"{address}/slack/events", trust_env=False).status_code != 503)
    slack.deliver_to(*(f"{address}/slack/{way}" for way in ("events", "interactivity", "commands")))


def answers(
    text: str, question: str = "?", decision: str = "curated", sources: int = 1, buttons: Iterable[str] = (),
    form: Json | None = None,
) -> Mood:  # fmt: skip
    """What Rasa gives for an answer from the knowledge base."""
    found = [
        {
            "id": f"page:{n}", "title": f"Page {n}", "url": f"https://help.example/{n}?a=1&b=2", "score": 0.9,
            "updated_at": "2026-09-18T00:00:00Z",
        }
        for n in range(sources)
    ]  # fmt: skip
    offered = [{"title": title, "payload": f"/chosen{{{title!r}}}"} for title in buttons]
    custom: Json = {"evidence": {"decision": decision, "question": question, "sources": found}}
    return gives([{"text": text, "buttons": offered}, {"custom": custom | ({"form": form} if form else {})}])


class Chat:
    """What people and the app say to each other. Each test makes its own people and channels."""

    def __init__(self, slack: FakeSlack, rasa: FakeRasa, address: str, database_url: str) -> None:
        self.slack, self.rasa, self.address = slack, rasa, address
        self.gateway = Gateway(address, rasa, database_url)
        self._engine = open_engine(database_url)

    def person(self, name: str = "ann", **facts: Any) -> User:
        return self.slack.add_user(f"{name}-{uuid4().hex[:6]}", **facts)

    def channel(self, *people: User, **facts: Any) -> Channel:
        return self.slack.add_channel(f"help-{uuid4().hex[:6]}", people, **facts)

    def asks(self, who: User, where: Channel, text: str, thread: Any = None, **extra: Any) -> Json:
        """Somebody writes; returns what the app says next in that channel."""
        before = len(self.said(where))
        self.slack.say(who, where, text, thread, **extra).wait()
        return self.slack.wait_for(lambda: self.said(where)[before:])[0]

    def mentions(self, who: User, where: Channel, text: str, thread: Any = None) -> Json:
        return self.asks(who, where, self.slack.mention(text), thread)

    def said(self, where: Channel, thread: Any = None) -> list[Json]:
        """What the app has said, oldest first."""
        bot = self.slack.app.bot_id
        return [one for one in self.slack.messages(where, thread) if one.get("bot_id") == bot]

    def shown(self, where: Channel, thread: Any = None) -> list[str]:
        """What the app has said, as people read it."""
        return [self.slack.text_of(one) for one in self.said(where, thread)]

    def told(self, who: User) -> list[str]:
        """What the app has told them alone."""
        return [one["text"] for one in self.slack.ephemerals(who)]

    def heard(self, text: str) -> list[Json]:
        """What Rasa was asked in these words."""
        return self.rasa.heard_text(text)

    def audience(self, text: str) -> str:
        """For whom Rasa was asked this, once."""
        (body,) = self.heard(text)
        return str(body["metadata"]["audience"])

    def rasa_says(self, question: str, *texts: str, **custom: Any) -> None:
        self.rasa.moods[question] = says(*texts, custom=custom or None)

    def rasa_does(self, question: str, mood: Mood) -> None:
        self.rasa.moods[question] = mood

    def settle(self, seconds: float = 10) -> None:
        """Wait until nothing is under way: all delivered, all answered, all sent."""
        self.slack.wait_for(lambda: self.slack.settled and not self._waiting(), seconds)

    def _waiting(self) -> int:
        with self._engine.connect() as connection:
            tables = (MESSAGES, OUTBOX)
            queries = (select(func.count()).select_from(one).where(one.c.state == "waiting") for one in tables)
            return sum(connection.scalar(query) or 0 for query in queries)

    def rows(self, query: Any) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))

    def close(self) -> None:
        self._engine.dispose()


def modal_of(chat: Chat, who: User, press: Callable[[], Sent]) -> Json:
    """The window that opens after a press."""
    before = chat.slack.modal(who)
    press().wait()
    chat.slack.wait_for(lambda: chat.slack.modal(who) not in (before, None))
    window = chat.slack.modal(who)
    assert window is not None
    return window


@contextmanager
def running_chat(slack: FakeSlack, rasa: FakeRasa, **environment: str) -> Iterator[Chat]:
    """A gateway with these settings; by HTTP, unless they hold an app token."""
    with running_gateway(**environment) as address:
        if environment.get("SLACK_APP_TOKEN"):
            slack.deliver_to(None)
            slack.wait_for(lambda: slack.sockets.connections)
        else:
            deliver_by_http(slack, address)
        chat = Chat(slack, rasa, address, environment["DATABASE_URL"])
        yield chat
        chat.close()


@pytest.fixture(scope="module")
def rasa() -> Iterator[FakeRasa]:
    server = FakeRasa()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def slack() -> Iterator[FakeSlack]:
    """One workspace for the tests of a module."""
    with installed_slack() as running:
        yield running


@pytest.fixture(scope="module")
def chat(slack: FakeSlack, rasa: FakeRasa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """One gateway for the tests of a module; Slack reaches it by HTTP."""
    url = migrated(tmp_path_factory.mktemp("gateway"))
    with running_chat(slack, rasa, **http_settings(slack, rasa, url)) as running:
        yield running


@pytest.fixture(scope="module")
def chat_by_socket(rasa: FakeRasa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """One gateway for the tests of a module, in a workspace of its own; it connects by Socket Mode."""
    url = migrated(tmp_path_factory.mktemp("gateway"))
    with installed_slack() as slack, running_chat(slack, rasa, **socket_settings(slack, rasa, url)) as running:
        yield running


@pytest.fixture
def start_chat(rasa: FakeRasa, tmp_path: Path) -> Iterator[StartChat]:
    """`start_chat(NAME="value", …)`: a gateway with settings of its own in a workspace of its own, by HTTP.

    `before`: what is done with the workspace first; what it returns is added to the settings.
    """
    with ExitStack() as running:

        def start(before: Callable[[FakeSlack], dict[str, str] | None] | None = None, **environment: str) -> Chat:
            slack = running.enter_context(installed_slack())
            given = http_settings(slack, rasa, environment.get("DATABASE_URL") or migrated(tmp_path))
            more = (before(slack) if before else None) or {}
            return running.enter_context(running_chat(slack, rasa, **(given | more | environment)))

        yield start


@pytest.fixture
def question() -> str:
    """A question that no other test asks."""
    return f"how do I restore file {uuid4().hex[:12]}"
