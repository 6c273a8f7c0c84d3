"""A Slack full of people, in a process of its own, so that its work doesn't hold up the clock of the load.

    python -m pipeline.slack_load

`pipeline/bench_slack.py` gives it orders on standard input, one JSON object a line such as `{"do": "say", "count": 300,
"rate": 50}`, and reads one line for each. The first line tells where this Slack is; the end of the input ends it.
"""

import itertools
import json
import random
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.questions import DEVELOPMENT, load_questions
from tests.fakes.slack import Attempt, Channel, FakeSlack, Sent, User

OPENINGS = ("", "Hi, ", "Hello! ", "Quick question: ", "Hey team, ", "Sorry to bother you, ", "One more thing. ",
            "Good morning. ")  # fmt: skip
ENDINGS = ("", " It is urgent.", " I am on Windows 11.", " I use a MacBook.", " Asking for a colleague.",
           " We are a team of ten.", " Somebody asked me today.", " Thank you!")  # fmt: skip
PEOPLE, QUESTIONS_A_PERSON = 20, 15
CHANNELS = 20
OPEN_THREADS = 50
OPERATORS = 10
UNACKNOWLEDGED_MS = 3_000.0
DUPLICATES, OUT_OF_ORDER, TROUBLE, REDELIVERED_EACH = 0.2, 0.05, 0.01, 100
FIRST_ANSWERS_SECONDS = 60.0
MODAL_SECONDS = 5.0
ASK_SECONDS, LIVE_SECONDS = 0.25, 60.0
CORRECT = "review_correct"
TURN = re.compile(r"`(t-[0-9a-f]{12})`")
Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a person asks. `thread` is None outside any thread."""

    user: User
    channel: Channel
    thread: str | None


def texts() -> Iterator[str]:
    """The development questions in many dresses, no text twice before all had their turn; always the same order."""
    plain = [one.question for one in load_questions(DEVELOPMENT) if one.previous is None]
    dressed = [f"{opening}{question}{ending}" for question in plain for opening in OPENINGS for ending in ENDINGS]
    random.Random(1).shuffle(dressed)
    return itertools.cycle(dressed)


class Town:
    """People who ask in direct messages, in threads of channels and in the assistant's pane; operators who review."""

    def __init__(self, slack: FakeSlack, questions: int) -> None:
        self._slack, self._texts, self._numbers = slack, texts(), itertools.count()
        count = max(PEOPLE, questions // QUESTIONS_A_PERSON)
        self._people = [slack.add_user(f"person{number}", f"Person {number}") for number in range(count)]
        self._direct = {person.id: slack.im(person) for person in self._people}
        self._channels = [slack.add_channel(f"room{number}") for number in range(CHANNELS)]
        self._threads: tuple[deque[Place], deque[Place]] = (deque(), deque())
        self._operators = [slack.add_user(f"operator{number}", f"Operator {number}") for number in range(OPERATORS)]
        self._review = slack.add_channel("review", self._operators, private=True)
        self._asked: list[tuple[Place, Sent]] = []
        self._redeliver = False
        slack.timing.retry_scale = 1.0

    @property
    def settings(self) -> dict[str, str]:
        """What a gateway needs to live in this Slack."""
        return {
            "SLACK_API_URL": self._slack.base_url, "SLACK_BOT_TOKEN": self._slack.bot_token,
            "SLACK_SIGNING_SECRET": self._slack.signing_secret, "SLACK_REVIEW_CHANNEL": self._review.id,
        }  # fmt: skip

    def connect(self, url: str) -> Json:
        """Deliver to the gateway there, once it is connected to us."""
        self._slack.deliver_to(url)
        self._slack.wait_for(lambda: self._slack.verify_url().wait().ok, FIRST_ANSWERS_SECONDS)
        return {"team": self._slack.team_id, "direct": self._direct[self._people[0].id].id}

    # --- the load

    def say(self, count: int, rate: float) -> Json:
        """Ask `count` questions, `rate` a second, whether or not the gateway keeps up.

        How long each event took to be acknowledged, and how late the load itself was with each question.
        """
        started, late, sent = time.monotonic(), [], []
        for number in range(count):
            due = started + number / rate
            time.sleep(max(due - time.monotonic(), 0))
            late.append((time.monotonic() - due) * 1000)
            sent.append(self._ask())
            if self._redeliver and number % REDELIVERED_EACH == REDELIVERED_EACH - 1:
                self._slack.repeat(sent[number - REDELIVERED_EACH // 2], retry_num=1, retry_reason="http_timeout")
        seconds = time.monotonic() - started
        deliveries = [delivery for one in sent for delivery in one.deliveries]
        self._slack.wait_for(lambda: all(delivery.attempts for delivery in deliveries), FIRST_ANSWERS_SECONDS)
        took = [acknowledged_ms(delivery.attempts[0]) for delivery in deliveries]
        return {"acknowledged_ms": took, "seconds": seconds, "late_ms": late}

    def _ask(self) -> Sent:
        number = next(self._numbers)
        person, kind = self._people[number // 3 % len(self._people)], number % 3
        if kind == 0:
            place, named = Place(person, self._direct[person.id], None), False
        else:
            place, named = self._thread(person, kind)
        text = next(self._texts)
        sent = self._slack.say(place.user, place.channel, self._slack.mention(text) if named else text, place.thread)
        if named:
            self._threads[0].append(Place(place.user, place.channel, sent.ts))
        self._asked.append((place, sent))
        return sent

    def _thread(self, person: User, kind: int) -> tuple[Place, bool]:
        """One to go on with after a while, without a mention; else a new one. Of a channel (1) or of the pane (2)."""
        begun = self._threads[kind - 1]
        if len(begun) > OPEN_THREADS:
            return begun.popleft(), False
        if kind == 1:
            return Place(person, self._channels[len(self._asked) % CHANNELS], None), True
        place = Place(person, self._direct[person.id], self._slack.start_assistant_thread(person).ts)
        begun.append(place)
        return place, False

    def disturb(self, lose: int) -> Json:
        """From now on Slack sends twice, in disorder and again, and its Web API fails now and then. `lose`: so many
        replies it refuses for good, which the measurement has to notice."""
        self._redeliver = True
        self._slack.disorder(DUPLICATES, OUT_OF_ORDER)
        self._slack.trouble(TROUBLE)
        if lose:
            self._slack.fail("chat.postMessage", lose, "channel_not_found")
        return {}

    def heal(self) -> Json:
        self._redeliver = False
        self._slack.heal()
        return {}

    # --- what became of it

    def state(self) -> Json:
        """Whether every delivery has come to its end, and what this Slack was asked and sent so far."""
        calls, deliveries = self._slack.calls(), self._slack.deliveries
        return {
            "settled": self._slack.settled,
            "deliveries": len(deliveries),
            "duplicates": sum(one.duplicate or one.forgery.retry_num > 0 for one in deliveries),
            "not_delivered": sum(not one.ok for one in deliveries if one.done.done()),
            "questions_not_delivered": sum(not any(one.ok for one in sent.deliveries) for _, sent in self._asked),
            "api_calls": len(calls),
            "api_faults": sum(call.fault is not None for call in calls),
            "told_to_one_person": len(self._slack.ephemerals()),
        }

    def asked(self) -> Json:
        """Every question: its ts, and channel and thread where the answer belongs."""
        return {"asked": [(sent.ts, place.channel.id, _answer_thread(place, sent.ts)) for place, sent in self._asked]}

    def posts(self) -> Json:
        """What the assistant has posted outside the review channel: channel, thread, key of the outbox, ts."""
        channels = [*self._channels, *self._direct.values()]
        posted = [one for channel in channels for one in self._slack.messages(channel) if self._of_assistant(one)]
        return {"posts": [(one["channel"], one.get("thread_ts"), _key(one), one["ts"]) for one in posted]}

    def cards(self) -> Json:
        """The cards in the review channel: lane and turn, as they can be read there, and ts."""
        return {"cards": [(one["text"].partition(":")[0], _turn(one), one["ts"]) for one in self._cards()]}

    # --- operators

    def claim(self, presses: int) -> Json:
        """Press "Correct …" on that many cards, one after the other, until each form is there; then close it again."""
        took, failed = [], 0
        undecided = [one for one in self._cards() if CORRECT in json.dumps(one["blocks"])]
        for number, card in enumerate(undecided[:presses]):
            operator = self._operators[number % OPERATORS]
            pressed = self._slack.click(operator, card, CORRECT)
            view = self._modal(operator)
            if view is None:
                failed += 1
                took.append(MODAL_SECONDS * 1000)
                continue
            opened = next(call for call in reversed(self._slack.api.calls) if call.method == "views.open")
            pressed.wait()
            took.append((opened.at - pressed.deliveries[0].attempts[0].at) * 1000)
            self._slack.close(operator, view).wait()
        return {"claimed_ms": took, "failed": failed}

    def correct(self, turn: str, question: str, answer: str) -> Json:
        """An operator corrects the card of `turn`; then people keep asking until one gets that answer.

        Seconds between the two, or None; `key` is the outbox key of the reply."""
        operator = self._operators[0]
        card = next(one for one in self._cards() if _turn(one) == turn)
        self._slack.click(operator, card, CORRECT).wait()
        view = self._modal(operator)
        if view is None:
            return {"seconds": None, "why": "The form for the correction did not open."}
        saved = self._slack.submit(operator, view, {"question": question, "answer": answer})
        if not saved.wait().ok or saved.answer:
            return {"seconds": None, "why": f"The correction was not saved: {saved.answer}"}
        channels: list[Channel] = []
        ends = time.monotonic() + LIVE_SECONDS
        while time.monotonic() < ends:
            person = self._slack.add_user(f"asker{len(channels)}")
            channels.append(self._slack.im(person))
            self._slack.say(person, channels[-1], question)
            time.sleep(ASK_SECONDS)
            for one in (one for channel in channels for one in self._slack.messages(channel)):
                if self._of_assistant(one) and answer in one["text"]:
                    return {"seconds": float(one["ts"]) - saved.deliveries[0].attempts[0].at, "key": _key(one)}
        return {"seconds": None, "why": f"Nobody got the corrected answer within {LIVE_SECONDS:.0f} seconds."}

    # ---

    def _modal(self, operator: User) -> Json | None:
        try:
            return self._slack.wait_for(lambda: self._slack.modal(operator), MODAL_SECONDS)
        except TimeoutError:
            return None

    def _cards(self) -> list[Json]:
        return [one for one in self._slack.messages(self._review) if self._of_assistant(one) and _turn(one)]

    def _of_assistant(self, message: Json) -> bool:
        return message.get("bot_id") == self._slack.app.bot_id and message.get("subtype") != "assistant_app_thread"


def acknowledged_ms(first: Attempt) -> float:
    """How long the first delivery of an event took. A refusal, however quick, counts as Slack's whole patience."""
    return first.ms if 200 <= first.status < 300 else UNACKNOWLEDGED_MS


def _answer_thread(place: Place, ts: str) -> str | None:
    """In a channel the answer to what stands in no thread begins one; in a direct message it doesn't."""
    return place.thread or (None if place.channel.kind == "im" else ts)


def _key(message: Json) -> str:
    return str((message.get("metadata") or {}).get("event_payload", {}).get("key", ""))


def _turn(message: Json) -> str | None:
    """The turn that a card names in its evidence."""
    found = TURN.search(json.dumps(message.get("blocks", [])))
    return found[1] if found else None


def main() -> None:
    with FakeSlack() as slack:
        town = Town(slack, int(sys.argv[1]) if len(sys.argv) > 1 else 0)
        orders: dict[str, Callable[..., Json]] = {
            order.__name__: order
            for order in (town.connect, town.say, town.disturb, town.heal, town.state, town.asked, town.posts,
                          town.cards, town.claim, town.correct)
        }  # fmt: skip
        print(json.dumps(town.settings), flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            print(json.dumps(orders[order.pop("do")](**order)), flush=True)


if __name__ == "__main__":
    main()
