"""An ill generator is left alone, so that turns don't wait for it; one that is well again is found out by one turn."""

import asyncio
import time
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from actions.settings import settings
from tests.actions.conftest import Desk, Said
from tests.actions.neighbours import Answer, call, cuts, drafts, found, gives, passage, waits
from tests.actions.test_actions_answer_question import closed_port

PAUSE = 1.0
NO_WORDS = "I can't put an answer into words right now."
ILL: dict[str, tuple[Answer, str]] = {
    "failing": (gives({"code": "internal", "message": "Oops."}, 500), "neighbour_lied"),
    "lying": (gives({"text": "Trust me."}), "neighbour_lied"),
    "cut": (cuts(), "neighbour_down"),
    "late": (gives({"code": "deadline_passed", "message": "Late."}, 504), "deadline_passed"),
    "slow": (waits(4.0, drafts()), "deadline_passed"),
}
WELL: dict[str, Answer] = {
    "busy": gives({"code": "busy", "message": "Full."}, 503),
    "refusing": gives({"code": "bad_request", "message": "No."}, 422),
    "unsure": drafts(support=0.0),
}


@pytest.fixture
def ward(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk, with a breaker that opens after 3 failures, and briefly."""
    monkeypatch.setenv("GENERATOR_BREAKER_SECONDS", str(PAUSE))
    monkeypatch.setenv("TURN_SECONDS", "8")
    settings.cache_clear()
    return desk


def asked(desk: Desk) -> int:
    return len(desk.generator.bodies("/draft"))


def is_open() -> bool:
    return REGISTRY.get_sample_value("frontdesk_generator_breaker_open") == 1


def calls(outcome: str) -> float:
    return REGISTRY.get_sample_value("frontdesk_generator_calls_total", {"outcome": outcome}) or 0.0


async def ask_in_turn(desk: Desk, times: int, seconds: float = 8.0) -> list[Said]:
    """`seconds` of a turn: a slow generator takes them all; with few of them a slow machine would seem to be one."""
    return [await desk.ask(metadata={"deadline_at": time.time() + seconds}) for _ in range(times)]


@pytest.mark.parametrize("illness", ILL)
def test_after_three_failures_the_generator_is_not_asked_any_more(ward: Desk, illness: str) -> None:
    ward.generator.answers["/draft"], code = ILL[illness]
    failed, skipped = calls(code), calls("not_asked")
    said = ward.with_clients(lambda: ask_in_turn(ward, 5, seconds=2.0 if illness == "slow" else 8.0))
    assert [one.text.startswith(NO_WORDS) for one in said] == [True] * 5
    assert (asked(ward), is_open()) == (3, True)
    assert (calls(code) - failed, calls("not_asked") - skipped) == (3, 2)


def test_while_it_is_left_alone_nobody_waits_and_the_evidence_says_so(ward: Desk) -> None:
    ward.generator.answers["/draft"] = waits(4.0, drafts())
    timings = [said.evidence["timings_ms"] for said in ward.with_clients(lambda: ask_in_turn(ward, 4, 2.0))]
    assert [("generator_deadline_passed" in one, "generator_unavailable" in one) for one in timings] == [
        *[(True, False)] * 3,
        (False, True),
    ]
    assert timings[3]["generate"] < min(one["generate"] for one in timings[:3]) / 4


def test_a_dead_generator_is_left_alone(ward: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERATOR_URL", closed_port())
    settings.cache_clear()
    said = ward.with_clients(lambda: ask_in_turn(ward, 4))
    notes = [[note for note in one.evidence["timings_ms"] if note.startswith("generator_")] for one in said]
    assert notes == [["generator_neighbour_down"]] * 3 + [["generator_unavailable"]]


def test_curated_answers_go_on_while_it_is_left_alone(ward: Desk) -> None:
    async def story() -> Said:
        ward.generator.answers["/draft"] = cuts()
        await ask_in_turn(ward, 3)
        ward.knowledge.answers["/search"] = found(passage(7, "faq", 0.9))
        return await ward.ask()

    assert ward.with_clients(story).evidence["decision"] == "curated"


def test_after_the_pause_a_generator_that_is_well_again_is_used(ward: Desk) -> None:
    async def story() -> list[Said]:
        ward.generator.answers["/draft"] = cuts()
        await ask_in_turn(ward, 3)
        ward.generator.answers["/draft"] = drafts()
        early = await ward.ask()
        await asyncio.sleep(PAUSE + 0.1)
        return [early, *await ask_in_turn(ward, 2)]

    early, *later = ward.with_clients(story)
    assert early.text.startswith(NO_WORDS)
    assert [one.text for one in later] == ["A supported draft."] * 2
    assert not is_open()


def test_after_the_pause_one_failure_is_enough_for_another_pause(ward: Desk) -> None:
    async def story() -> None:
        ward.generator.answers["/draft"] = cuts()
        await ask_in_turn(ward, 3)
        await asyncio.sleep(PAUSE + 0.1)
        await ask_in_turn(ward, 3)

    ward.with_clients(story)
    assert (asked(ward), is_open()) == (4, True)


def test_after_the_pause_one_turn_alone_tries(ward: Desk) -> None:
    async def story() -> list[Said]:
        ward.generator.answers["/draft"] = cuts()
        await ask_in_turn(ward, 3)
        await asyncio.sleep(PAUSE + 0.1)
        ward.generator.answers["/draft"] = waits(0.3, drafts())
        return await ward.together(*(call("action_answer_question", "why?", f"web-{uuid4().hex}") for _ in range(6)))

    said = ward.with_clients(story)
    assert sorted(one.text.startswith(NO_WORDS) for one in said) == [False] + [True] * 5
    assert asked(ward) == 4


def test_a_success_in_between_starts_the_count_anew(ward: Desk) -> None:
    async def story() -> None:
        for answer in (cuts(), cuts(), drafts(), cuts(), cuts()):
            ward.generator.answers["/draft"] = answer
            await ward.ask()

    ward.with_clients(story)
    assert (asked(ward), is_open()) == (5, False)


@pytest.mark.parametrize("wellness", WELL)
def test_a_generator_that_only_says_no_is_asked_again(ward: Desk, wellness: str) -> None:
    ward.generator.answers["/draft"] = WELL[wellness]
    ward.with_clients(lambda: ask_in_turn(ward, 5))
    assert (asked(ward), is_open()) == (5, False)


def test_a_turn_that_comes_too_late_is_not_the_generators_failure(ward: Desk) -> None:
    async def story() -> None:
        ward.knowledge.answers["/search"] = waits(0.25, found(passage(1)))
        for _ in range(3):
            await ward.ask(metadata={"deadline_at": time.time() + 0.6})

    ward.with_clients(story)
    assert (asked(ward), is_open()) == (0, False)
