"""Answering: a reviewed answer word for word, else a supported draft, else "I don't know"; never silence."""

import socket
import time
from typing import Any
from uuid import uuid4

import pytest

from actions.settings import settings
from contracts.wire import DEADLINE_HEADER, MAX_QUESTION_CHARS, TURN_HEADER, Evidence
from tests.actions.conftest import THRESHOLDS, Desk
from tests.actions.neighbours import Answer, call, cuts, drafts, found, gives, passage, waits

ANSWER = "action_answer_question"
FAQ = passage(7, "faq", 0.9, title="Restoring", question="How do I restore a file?")


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_curated_answer_is_quoted_word_for_word(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(FAQ, passage(1, score=0.3))
    said = desk.run(ANSWER)
    assert said.text == FAQ["text"]
    assert (said.evidence["decision"], [s["id"] for s in said.evidence["sources"]]) == ("curated", ["faq:7"])
    assert desk.generator.heard == []


def test_the_use_of_a_curated_answer_is_told_to_knowledge(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(FAQ)
    desk.run(ANSWER)
    assert "/faqs/faq:7/used" in [path for path, _, _ in desk.knowledge.heard]


@pytest.mark.parametrize("score", [0.0, 0.3, THRESHOLDS["curated"] - 0.01])
def test_below_its_threshold_a_curated_answer_becomes_a_draft_at_best(desk: Desk, score: float) -> None:
    desk.knowledge.answers["/search"] = found(passage(1, score=0.5), FAQ | {"score": score})
    said = desk.run(ANSWER)
    assert (said.text, said.evidence["decision"]) == ("A supported draft.", "draft")
    assert (said.evidence["support"], said.evidence["model_version"]) == (1.0, "gpt2-test")


def test_a_page_that_is_clearly_better_goes_before_a_curated_answer(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(passage(1, score=0.95), FAQ | {"score": 0.7})
    assert desk.run(ANSWER).evidence["decision"] == "draft"


def test_the_draft_is_made_from_the_best_passages_and_cites_those_that_back_it(desk: Desk) -> None:
    desk.generator.answers["/draft"] = drafts(cited=["page:2", "page:99"])
    said = desk.run(ANSWER)
    assert [p["id"] for p in desk.generator.bodies("/draft")[0]["passages"]] == ["page:1", "page:2"]
    assert [source["id"] for source in said.evidence["sources"]] == ["page:2"]


DOUBTFUL: dict[str, Answer] = {
    "no support": drafts(support=0.1),
    "support just below": drafts(support=THRESHOLDS["support"] - 0.01),
    "doubt of the model": drafts(no_answer=0.9),
    "an empty draft": drafts(""),
    "stopped by the deadline": drafts(stopped="deadline"),
    "stopped by its length": drafts(stopped="length"),
}


@pytest.mark.parametrize("doubt", DOUBTFUL)
def test_without_a_good_draft_we_do_not_know_and_offer_a_person(desk: Desk, doubt: str) -> None:
    desk.generator.answers["/draft"] = DOUBTFUL[doubt]
    said = desk.run(ANSWER)
    assert said.text.startswith("I don't know") and "“Page 1” and “Page 2”" in said.text
    assert [source["id"] for source in said.evidence["sources"]] == ["page:1", "page:2"]
    assert (said.evidence["decision"], said.slots["offer"]) == ("unknown", "person")


NO_DRAFT: dict[str, tuple[Answer, str]] = {
    "a busy generator": (gives({"code": "busy", "message": "Full."}, 503, **{"Retry-After": "3"}), "busy"),
    "a late generator": (gives({"code": "deadline_passed", "message": "Late."}, 504), "deadline_passed"),
    "a failing generator": (gives({"code": "internal", "message": "Oops."}, 500), "neighbour_lied"),
    "a refusing generator": (gives({"code": "bad_request", "message": "No."}, 422), "bad_request"),
    "a lying generator": (gives({"text": "Trust me."}), "neighbour_lied"),
    "no JSON": (gives(b"<html>"), "neighbour_lied"),
    "a cut connection": (cuts(), "neighbour_down"),
    "a slow generator": (waits(2.0, drafts()), "deadline_passed"),
}


@pytest.mark.parametrize("fault", NO_DRAFT)
def test_without_the_generator_the_nearest_pages_stand_for_the_answer(desk: Desk, fault: str) -> None:
    desk.generator.answers["/draft"], code = NO_DRAFT[fault]
    said = desk.run(ANSWER, metadata={"deadline_at": time.time() + 1.0})
    assert said.text.startswith("I can't put an answer into words") and "“Page 1” and “Page 2”" in said.text
    assert [source["id"] for source in said.evidence["sources"]] == ["page:1", "page:2"]
    assert (said.evidence["decision"], said.slots["offer"]) == ("unknown", "person")
    assert said.evidence["timings_ms"][f"generator_{code}"] == 1.0 and "status" not in said.custom


def test_a_slow_generator_leaves_time_for_the_reply(desk: Desk) -> None:
    desk.generator.answers["/draft"] = waits(3.0, drafts())
    ends = time.time() + 1.0
    assert desk.run(ANSWER, metadata={"deadline_at": ends}).text.startswith("I can't put an answer into words")
    assert ends - time.time() > 0.2


def test_without_pages_to_name_there_is_still_a_person(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(passage(1, "ticket", 0.5))
    desk.generator.answers["/draft"] = cuts()
    said = desk.run(ANSWER)
    assert said.text == "I can't put an answer into words right now. Shall I ask a colleague to look into it?"
    assert [button["payload"] for response in said.responses for button in response["buttons"]] == ["/affirm", "/deny"]
    assert said.evidence["sources"] == []


def test_while_a_ticket_is_written_no_person_is_offered(desk: Desk) -> None:
    desk.generator.answers["/draft"] = cuts()
    said = desk.run(ANSWER, active_loop={"name": "ticket_form"})
    assert (said.text.endswith("“Page 2”."), said.slots["offer"]) == (True, "none")


def test_a_generator_that_is_down_means_unknown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERATOR_URL", closed_port())
    settings.cache_clear()
    said = desk.run(ANSWER)
    assert (said.evidence["decision"], said.slots["offer"]) == ("unknown", "person")
    assert said.evidence["timings_ms"]["generator_neighbour_down"] == 1.0


def test_a_guess_is_not_worth_asking_the_generator(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(passage(1, score=THRESHOLDS["passage"] - 0.01))
    said = desk.run(ANSWER)
    assert (said.evidence["decision"], said.slots["offer"]) == ("unknown", "person")
    assert desk.generator.heard == []


def test_nothing_found_is_an_honest_sentence(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found()
    said = desk.run(ANSWER)
    assert said.text.startswith("I don't know") and "nearest" not in said.text
    assert said.evidence["sources"] == []


def test_tickets_are_no_pages_and_a_title_is_shown_once(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(
        passage(9, "ticket", 0.2), passage(1, score=0.2), passage(4, score=0.2, title="Page 1"), passage(2, score=0.1)
    )
    assert [source["id"] for source in desk.run(ANSWER).evidence["sources"]] == ["page:1", "page:2"]


BROKEN_KNOWLEDGE: dict[str, tuple[Answer, str]] = {
    "failing": (gives({}, 500), "neighbour_lied"),
    "lying": (gives({"passages": "many"}), "neighbour_lied"),
    "no JSON": (gives(b"\xff"), "neighbour_lied"),
    "busy": (gives({}, 503), "busy"),
    "refusing": (gives({}, 422), "bad_request"),
    "cut": (cuts(), "neighbour_down"),
    "late": (gives({}, 504), "deadline_passed"),
    "slow": (waits(2.0, found()), "deadline_passed"),
}


@pytest.mark.parametrize("fault", BROKEN_KNOWLEDGE)
def test_without_knowledge_there_is_an_apology_and_a_status(desk: Desk, fault: str) -> None:
    desk.knowledge.answers["/search"], status = BROKEN_KNOWLEDGE[fault]
    began = time.monotonic()
    said = desk.run(ANSWER, metadata={"deadline_at": time.time() + 1.0})
    assert time.monotonic() - began < 1.5
    assert len(said.responses) == 1 and "open a ticket" in said.text
    assert (said.custom, said.slots) == ({"status": status}, {})


def test_knowledge_that_is_down_is_an_apology(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_URL", closed_port())
    settings.cache_clear()
    assert desk.run(ANSWER).custom == {"status": "neighbour_down"}


@pytest.mark.parametrize("fault", [gives({}, 500), cuts(), waits(3.0, gives({}))])
def test_a_use_that_cannot_be_counted_costs_neither_the_answer_nor_its_time(desk: Desk, fault: Answer) -> None:
    desk.knowledge.answers |= {"/search": found(FAQ), "/faqs/faq:7": fault}
    said = desk.run(ANSWER, metadata={"deadline_at": time.time() + 1.0})
    assert said.text == FAQ["text"]


def test_a_turn_whose_time_is_over_gets_a_sentence_and_asks_nobody(desk: Desk) -> None:
    said = desk.run(ANSWER, metadata={"deadline_at": time.time() - 1})
    assert (said.custom, "too long" in said.text) == ({"status": "deadline_passed"}, True)
    assert desk.knowledge.heard == []


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        [],
        "x",
        7,
        {"deadline_at": "soon"},
        {"deadline_at": None},
        {"audience": "everybody"},
        {"turn_id": None},
    ],
)
def test_metadata_of_another_client_is_no_reason_for_silence(desk: Desk, metadata: Any) -> None:
    assert desk.run(ANSWER, metadata=metadata).text == "A supported draft."


@pytest.mark.parametrize("text", ["", " ", None, "x" * 20_000])
def test_a_text_that_cannot_be_asked_is_no_reason_for_silence(desk: Desk, text: Any) -> None:
    assert desk.run(ANSWER, text).text


def test_turn_deadline_and_audience_travel_to_both_neighbours(desk: Desk) -> None:
    turn = uuid4().hex
    metadata = {"turn_id": turn, "deadline_at": time.time() + 2, "audience": "internal"}
    desk.run(ANSWER, metadata=metadata)
    for neighbour in (desk.knowledge, desk.generator):
        headers = {name.lower(): value for name, value in neighbour.heard[0][2].items()}
        assert headers[TURN_HEADER.lower()] == turn
        assert 0 < int(headers[DEADLINE_HEADER.lower()]) < 2_000
    assert desk.knowledge.bodies("/search")[0]["audience"] == "internal"


def test_a_follow_up_passes_the_question_before_it(desk: Desk) -> None:
    before = "where are the logs on Windows?"
    said = desk.run(ANSWER, "and on Linux?", slots={"last_question": before})
    assert desk.knowledge.bodies("/search")[0]["previous_question"] == before
    assert desk.generator.bodies("/draft")[0]["question"] == f"{before} and on Linux?"
    assert said.slots["last_question"] == f"{before} and on Linux?"


def test_an_intent_of_follow_up_is_enough(desk: Desk) -> None:
    desk.run(ANSWER, "Linux", intent="follow_up", slots={"last_question": "where are the logs?"})
    assert desk.knowledge.bodies("/search")[0]["previous_question"] == "where are the logs?"


@pytest.mark.parametrize("slots", [{}, {"last_question": None}])
def test_a_follow_up_of_nothing_is_a_question_of_its_own(desk: Desk, slots: dict[str, Any]) -> None:
    assert desk.run(ANSWER, "and on Linux?", slots=slots).text == "A supported draft."
    assert desk.knowledge.bodies("/search")[0]["previous_question"] is None


def test_a_full_question_forgets_the_one_before(desk: Desk) -> None:
    desk.run(ANSWER, "how do I share a folder with a guest?", slots={"last_question": "where are the logs?"})
    assert desk.knowledge.bodies("/search")[0]["previous_question"] is None


def test_a_follow_up_of_a_very_long_question_is_answered(desk: Desk) -> None:
    said = desk.run(ANSWER, "and on Linux?", slots={"last_question": "x" * MAX_QUESTION_CHARS})
    assert said.text == "A supported draft."
    assert len(said.slots["last_question"]) <= MAX_QUESTION_CHARS


def test_evidence_holds_times_thresholds_and_versions(desk: Desk) -> None:
    evidence = Evidence.model_validate(desk.run(ANSWER).evidence)
    assert {"retrieve", "search", "generate", "first_token", "model"} <= set(evidence.timings_ms)
    assert THRESHOLDS.items() <= evidence.thresholds.items()
    assert (evidence.index_version, evidence.question) == ("k1", "how do I restore a file?")


def test_an_unknown_answer_tells_which_draft_was_turned_down(desk: Desk) -> None:
    desk.generator.answers["/draft"] = drafts(support=0.1)
    evidence = desk.run(ANSWER).evidence
    assert evidence["timings_ms"]["generate"] > 0
    assert evidence["support"] is None


def test_an_answer_takes_back_the_offer_of_a_person(desk: Desk) -> None:
    assert desk.run(ANSWER, slots={"offer": "person"}).slots["offer"] == "none"


def test_four_questions_at_once_are_answered(desk: Desk) -> None:
    said = desk.run_all(*(call(ANSWER, f"question {n}", f"web-{uuid4().hex}") for n in range(4)))
    assert [one.text for one in said] == ["A supported draft."] * 4
