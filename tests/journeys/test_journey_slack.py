"""One whole story: a question in Slack, an answer that won't do, an operator who corrects it, and the next who asks."""

import csv
import json
import time
from typing import Any

import pytest

from tests.journeys.conftest import Town

pytestmark = pytest.mark.timeout(300)

ASKED, ASKED_NEXT = "Do you accept bitcoin as payment?", "is bitcoin accepted as a payment?"
ALIKE = "Can I pay you with a credit card?"
ANSWER = "No. You can pay by card, by PayPal or by bank transfer; crypto currencies are not accepted."
LIVE_SECONDS = 5.0
Message = dict[str, Any]


def asks(town: Town, who: Any, question: str) -> Message:
    """The answer that `who` gets in a new thread of #help."""
    slack = town.slack
    help = next(one for one in slack.workspace.channels.values() if one.name == "help")
    sent = slack.say(who, help, slack.mention(question)).wait()
    answers: list[Message] = slack.wait_for(lambda: slack.replies(help, sent), 20)
    return answers[0]


def said_in(text: str) -> str:
    """Without the buttons, which name their turn."""
    return text.partition("\n[")[0]


def card_about(town: Town, words: str) -> Message:
    slack = town.slack
    found: Message = slack.wait_for(
        lambda: next((one for one in slack.messages(town.review) if words in slack.text_of(one)), None), 20
    )
    return found


def test_a_correction_sticks(town: Town) -> None:
    slack = town.slack
    ann, bob, mara = (slack.add_user(name) for name in ("ann", "bob", "mara"))
    slack.add_channel("help", [ann, bob])

    first = asks(town, ann, ASKED)
    assert ANSWER not in slack.text_of(first)
    slack.click(ann, first, "rate_down").wait()
    slack.submit(ann, slack.wait_for(lambda: slack.modal(ann)), {"reason": "wrong"}).wait()
    before = slack.text_of(asks(town, bob, ALIKE))

    card = card_about(town, ASKED)
    slack.click(mara, card, "review_correct").wait()
    view = slack.wait_for(lambda: slack.modal(mara))
    options = slack.suggest(mara, view, "sources", "how can I pay for my plan").wait().answer["options"]
    page = options[0]
    filled_in = {"question": ASKED, "answer": ANSWER, "sources": [page], "audience": "public"}
    slack.submit(mara, view, filled_in).wait()
    corrected_at = time.monotonic()

    answers = []
    while not answers or ANSWER not in answers[-1]:
        assert time.monotonic() - corrected_at < LIVE_SECONDS, answers
        answers.append(slack.text_of(asks(town, bob, ASKED_NEXT)))
    assert "Reviewed answer" in answers[-1] and page["text"]["text"] in answers[-1]
    assert "Corrected" in slack.text_of(card_about(town, ASKED))
    with town.visitor() as visitor:  # on the website too
        assert visitor.post("/chat/v1/messages", json={"text": ASKED}).json()["text"] == ANSWER

    assert said_in(slack.text_of(asks(town, bob, ALIKE))) == said_in(before)

    written = json.loads(town.frontdesk("review", "export", "--json").stdout)
    with open(f"{written['folder']}/corrections.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["answer"] for row in rows if row["question"] == ASKED] == [ANSWER]
    regression = (town.var / "feedback" / "regression.jsonl").read_text(encoding="utf-8")
    assert ASKED in regression

    report = town.frontdesk("review", "report", "--gateway", check=False)
    assert report.returncode == 0, report.stdout + report.stderr
    assert "1 of 1 corrections are answered right." in report.stdout
    assert "wanted 0.1, 99 % of the time" in report.stdout
