"""A review channel: a real gateway before a Rasa that we play, and a Slack that we play, with a team of operators."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine, select

from contracts.database import open_engine
from contracts.tables import now
from gateway.outbox import Outbox
from gateway.slack import guard
from gateway.slack.card_writer import CardWriter
from gateway.slack.guard import ReviewChannel
from gateway.slack.rounds import Rounds
from knowledge.store.migrate import migrate
from review.cards import CORRECTIONS, VERDICTS
from review.queue import Reviews
from review.settings import settings as review_settings
from tests.fakes.slack import FakeSlack
from tests.gateway.conftest import OPERATOR, running_gateway
from tests.gateway.fake_rasa import FakeRasa, gives

ROOT = Path(__file__).parents[2]
UNSURE = "I don't know the answer to that."
Json = dict[str, Any]


def unknown(question: str) -> Json:
    source = {
        "id": "page:1", "title": "Versions", "url": "https://help.example/versions", "score": 0.4,
        "updated_at": "2026-09-18T00:00:00Z",
    }  # fmt: skip
    return {"decision": "unknown", "question": question, "sources": [source]}


class Office:
    """Ann asks; Mara and Ben are operators, Zoe is a colleague without a role."""

    def __init__(self, slack: FakeSlack, rasa: FakeRasa, engine: Engine) -> None:
        self.slack, self.rasa, self.engine, self.address = slack, rasa, engine, ""
        self.ann, self.mara, self.ben, self.zoe = (slack.add_user(name) for name in ("ann", "mara", "ben", "zoe"))
        self.team = slack.add_usergroup("reviewers", [self.mara, self.ben])
        self.review = slack.add_channel("review", [self.mara, self.ben, self.zoe], private=True)

    def rasa_knows_nothing_of(self, question: str) -> None:
        custom = {"evidence": unknown(question)}
        self.rasa.moods[question] = gives([{"text": UNSURE}, {"custom": custom}])

    def rasa_calls_somebody(self, wish: str) -> None:
        self.rasa.moods[wish] = gives([{"text": "I've told a colleague."}, {"custom": {"person": "asked"}}])

    def ask(self, question: str) -> Json:
        """Ann asks in a new thread of her direct messages; returns the message."""
        dm = self.slack.im(self.ann)
        sent = self.slack.say(self.ann, dm, question).wait()
        return next(one for one in self.slack.messages(dm) if one["ts"] == sent.ts)

    def said_to_ann(self) -> list[str]:
        return [self.slack.text_of(one) for one in self.slack.messages(self.slack.im(self.ann)) if one.get("bot_id")]

    def has_said(self, count: int) -> None:
        """Wait until Ann has got so many answers."""
        self.slack.wait_for(lambda: len(self.said_to_ann()) >= count)

    def cards(self) -> list[Json]:
        return [
            one for one in self.slack.messages(self.review) if not one.get("thread_ts") or one["thread_ts"] == one["ts"]
        ]

    def card(self, question: str) -> Json:
        """The card about this question, as it stands now."""
        return self.slack.wait_for(
            lambda: next((one for one in self.cards() if question in self.slack.text_of(one)), None), 10
        )

    def card_says(self, question: str, words: str) -> Json:
        """Wait until the card says so."""
        return self.slack.wait_for(
            lambda: next((c for c in self.cards() if question in self.shown(c) and words in self.shown(c)), None), 10
        )

    def shown(self, message: Json) -> str:
        return self.slack.text_of(message)

    def new_card(self) -> tuple[str, Json]:
        """Somebody asks what nobody knows: the question and its card."""
        question = f"How do I frobnicate {uuid4().hex[:8]}?"
        self.rasa_knows_nothing_of(question)
        self.ask(question)
        return question, self.card(question)

    def press(self, who: Any, message: Json, action: str) -> None:
        self.slack.click(who, message, action).wait()

    def opens(self, who: Any, message: Json, action: str) -> Json:
        """Press what opens a window; returns it."""
        before = self.slack.modal(who)
        self.press(who, message, action)
        return self.slack.wait_for(lambda: (now := self.slack.modal(who)) != before and now)

    def told(self, who: Any) -> list[str]:
        return [one["text"] for one in self.slack.ephemerals(who)]

    def is_told(self, who: Any, words: str) -> str:
        return self.slack.wait_for(lambda: next((text for text in self.told(who) if words in text), None))

    def thread(self, card: Json) -> list[str]:
        return [self.shown(one) for one in self.slack.replies(self.review, card["ts"])]

    def thread_says(self, card: Json, words: str) -> str:
        return self.slack.wait_for(lambda: next((text for text in self.thread(card) if words in text), None), 10)

    def desk(self, card: Json) -> Json:
        """The message with which one writes to the customer."""
        said = "is in the conversation"
        return self.slack.wait_for(
            lambda: next(
                (one for one in reversed(self.slack.replies(self.review, card["ts"])) if said in self.shown(one)), None
            ),
            10,
        )

    def corrections(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(CORRECTIONS)))

    def verdicts(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(VERDICTS).order_by(VERDICTS.c.id)))

    def round_at(self, at: datetime) -> None:
        """One round of the queue, as if it were then; the gateway sends what comes of it."""
        asyncio.run(self._rounds().once(at))

    def run_gaps(self) -> None:
        """The night's look for gaps, now."""
        asyncio.run(self._rounds().show_gaps(now()))

    def _rounds(self) -> Rounds:
        params = review_settings().params()
        reviews = Reviews(self.engine, params, CardWriter(self.review.id))
        channel = ReviewChannel(AsyncWebClient(), self.review.id)
        return Rounds(self.engine, reviews, params, Outbox(self.engine), channel)

    def operator(self) -> httpx.Client:
        """The operators' own interface, without Slack."""
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        return httpx.Client(base_url=f"{self.address}/operator/v1", headers=headers, trust_env=False, timeout=10)


Open = Callable[..., Office]


@contextmanager
def running_office(tmp_path: Path, review: dict[str, Any], **environment: str) -> Iterator[Office]:
    url = environment.get("DATABASE_URL") or f"sqlite:///{tmp_path}/frontdesk.db"
    engine = open_engine(url)
    migrate(engine)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["review"] |= {"sample_rate": 0.0} | review
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    rasa = FakeRasa()
    with pytest.MonkeyPatch.context() as patch, FakeSlack() as slack:
        patch.setenv("PARAMS_FILE", str(tmp_path / "params.yaml"))
        patch.setattr(guard, "LOOK_SECONDS", 0.3)
        review_settings.cache_clear()
        office = Office(slack, rasa, engine)
        given = {
            "DATABASE_URL": url, "RASA_URL": rasa.address, "SLACK_API_URL": slack.base_url, "BURST_SECONDS": "0.05",
            "SLACK_BOT_TOKEN": slack.bot_token, "SLACK_SIGNING_SECRET": slack.signing_secret, "LOOK_SECONDS": "0.2",
            "SLACK_REVIEW_CHANNEL": office.review.id, "SLACK_REVIEWERS": office.team.id, "REVIEW_LOOK_SECONDS": "0.1",
            "KNOWLEDGE_URL": "http://127.0.0.1:9", "TURN_SECONDS": "5",
        }  # fmt: skip
        with running_gateway(**(given | environment)) as office.address:
            slack.deliver_to(*(f"{office.address}/slack/{way}" for way in ("events", "interactivity", "commands")))
            yield office
    review_settings.cache_clear()
    engine.dispose()
    rasa.stop()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for the tests of a module; each asks its own question."""
    with running_office(tmp_path_factory.mktemp("office"), {"risk_per_day": 10_000}) as running:
        yield running


@pytest.fixture
def open_office(tmp_path: Path) -> Iterator[Open]:
    """`open_office(review={…}, NAME="value", …)`: one with settings of its own."""
    with ExitStack() as running:
        yield lambda review=None, **environment: running.enter_context(
            running_office(tmp_path, review or {}, **environment)
        )
