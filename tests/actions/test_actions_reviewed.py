"""Reviewed answers go before everything else, word for word, when they are sure enough."""

import pytest

from actions.answer_question import TICKET_FORM
from tests.actions.conftest import THRESHOLDS, Desk
from tests.actions.neighbours import MOMENT, cuts, found, passage

ANSWER = "action_answer_question"
FAQ = passage(7, "faq", 0.95)
PAGE = {"id": "page:10", "title": "Vaults", "url": "https://help/10", "score": 0.9, "updated_at": MOMENT}
FIX = passage(
    9,
    "reviewed",
    0.9,
    id="fix:9",
    title="Answer from our team",
    url="",
    text="Ask Maren —\n  she knows…",
    sources=[PAGE],
)


def test_a_reviewed_answer_is_quoted_before_a_faq_and_without_a_model(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(FAQ, reviewed=FIX)
    said = desk.run(ANSWER)
    assert (said.text, said.evidence["decision"]) == (FIX["text"], "reviewed")
    assert desk.generator.heard == []


def test_its_evidence_is_the_correction_then_its_pages(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(FAQ, reviewed=FIX)
    evidence = desk.run(ANSWER).evidence
    assert [(s["id"], s["score"]) for s in evidence["sources"]] == [("fix:9", 0.9), ("page:10", 0.9)]
    assert (evidence["thresholds"]["reviewed"], evidence["support"]) == (THRESHOLDS["reviewed"], None)


def test_no_use_of_a_faq_is_counted(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(FAQ, reviewed=FIX)
    desk.run(ANSWER)
    assert [path for path, _, _ in desk.knowledge.heard] == ["/search"]


@pytest.mark.parametrize(("score", "decision"), [(0.7, "reviewed"), (0.699, "curated"), (0.05, "curated")])
def test_the_threshold_decides(desk: Desk, score: float, decision: str) -> None:
    desk.knowledge.answers["/search"] = found(FAQ, reviewed=FIX | {"score": score})
    assert desk.run(ANSWER).evidence["decision"] == decision


def test_it_needs_no_passage_and_no_generator(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(reviewed=FIX)
    desk.generator.answers["/draft"] = cuts()
    said = desk.run(ANSWER, slots={"offer": "person"})
    assert (said.text, said.slots["offer"], said.responses[0]["buttons"]) == (FIX["text"], "none", [])


def test_while_a_ticket_is_written_it_is_quoted_too(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(reviewed=FIX)
    assert desk.run(ANSWER, active_loop={"name": TICKET_FORM}).text == FIX["text"]


def test_a_follow_up_to_it_is_joined_to_its_question(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(reviewed=FIX)
    said = desk.run(ANSWER, "and on Linux?", slots={"last_question": "where are the logs?"})
    assert said.slots["last_question"] == said.evidence["question"] == "where are the logs? and on Linux?"


def test_what_was_perhaps_meant_is_shown_to_be_pressed_where_nothing_else_answers(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(reviewed=FIX | {"score": 0.4, "question": "Where is the vault?"})
    said = desk.run(ANSWER)
    assert "If you mean “Where is the vault?”, press it below" in said.text
    assert said.responses[0]["buttons"][0] == {"title": "Where is the vault?", "payload": "Where is the vault?"}
    assert [button["payload"] for button in said.responses[0]["buttons"][1:]] == ["/affirm", "/deny"]
    assert (said.evidence["decision"], said.slots["offer"]) == ("unknown", "person")


def test_where_the_generator_is_away_it_is_shown_too(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(
        passage(1, "page", 0.9), reviewed=FIX | {"score": 0.4, "question": "Why?"}
    )
    desk.generator.answers["/draft"] = cuts()
    assert "If you mean “Why?”" in desk.run(ANSWER).text


@pytest.mark.parametrize(("score", "others"), [(0.249, ()), (0.4, (FAQ,))])
def test_it_is_not_shown_when_it_is_far_off_or_something_answers(
    desk: Desk, score: float, others: tuple[object, ...]
) -> None:
    desk.knowledge.answers["/search"] = found(*others, reviewed=FIX | {"score": score, "question": "Why?"})
    said = desk.run(ANSWER)
    assert "If you mean" not in said.text
    assert "Why?" not in str(said.responses[0]["buttons"])


def test_while_a_ticket_is_written_it_can_be_pressed_too(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(reviewed=FIX | {"score": 0.4, "question": "Why?"})
    said = desk.run(ANSWER, active_loop={"name": TICKET_FORM})
    assert [button["payload"] for button in said.responses[0]["buttons"]] == ["Why?"]
