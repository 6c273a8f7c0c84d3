"""What the queue does by itself, and when it stops."""

from datetime import timedelta

import httpx
from sqlalchemy import select

from contracts.tables import now
from gateway.outbox import OUTBOX
from tests.gateway_review.conftest import Office, Open


def stopped(office: Office) -> bool:
    text = httpx.get(f"{office.address}/metrics", trust_env=False).text
    return "frontdesk_review_stopped 1.0" in text


def test_a_channel_that_is_shared_stops_the_queue_until_it_is_not(open_office: Open) -> None:
    office = open_office()
    office.slack.share(office.review).wait()
    office.slack.wait_for(lambda: stopped(office))
    question = "How do I frobnicate in secret?"
    office.rasa_knows_nothing_of(question)
    office.ask(question)
    office.slack.wait_for(lambda: office.said_to_ann())
    assert office.cards() == []
    office.slack.unshare(office.review).wait()
    office.card(question)
    assert not stopped(office)


def test_a_card_that_was_on_its_way_is_held_back(open_office: Open) -> None:
    office = open_office()
    question, card = office.new_card()
    office.slack.channel(office.review).kind = "channel"
    office.slack.wait_for(lambda: stopped(office))
    office.press(office.mara, card, "review_approve")
    office.is_told(office.mara, "isn't private any more")
    assert "Approved" not in office.shown(office.card(question))


def test_a_public_channel_never_gets_a_card(open_office: Open) -> None:
    office = open_office()
    office.slack.channel(office.review).kind = "channel"
    office.slack.wait_for(lambda: stopped(office))
    office.rasa_knows_nothing_of("How do I frobnicate?")
    office.ask("How do I frobnicate?")
    office.slack.wait_for(lambda: office.said_to_ann())
    assert office.cards() == []
    with office.engine.connect() as connection:
        waiting = connection.scalars(select(OUTBOX.c.key).where(OUTBOX.c.line.startswith("card:"))).all()
    assert waiting == []


def test_an_old_card_is_brought_up_and_then_escalated(open_office: Open) -> None:
    office = open_office({"remind_hours": 0.0003, "escalate_hours": 0.0006})
    _, card = office.new_card()
    office.thread_says(card, "still open")
    office.thread_says(card, "Nobody has decided")
    assert len([text for text in office.thread(card) if "still open" in text]) == 1


def test_a_lapsed_claim_is_free_again(open_office: Open) -> None:
    office = open_office({"claim_minutes": 0.01})
    question, card = office.new_card()
    office.opens(office.mara, card, "review_correct")
    office.card_says(question, f"<@{office.mara.id}> has this card")
    office.slack.wait_for(lambda: "has this card" not in office.shown(office.card(question)), 10)
    office.press(office.ben, card, "review_approve")
    office.card_says(question, "Approved")


def test_a_thumbs_down_opens_a_card_with_the_reason(office: Office) -> None:
    question = "How do I frobnicate well?"
    office.rasa_knows_nothing_of(question)
    sent = office.ask(question)
    dm = office.slack.im(office.ann)
    answer = office.slack.wait_for(
        lambda: next((one for one in office.slack.messages(dm) if float(one["ts"]) > float(sent["ts"])), None)
    )
    view = office.opens(office.ann, answer, "rate_down")
    office.slack.submit(office.ann, view, {"reason": "wrong", "comment": "not my plan"}).wait()
    card = office.card_says(question, "thumbs down")
    assert "not my plan" in office.shown(card) or office.card_says(question, "not my plan")


def test_the_nights_gaps_get_cards_and_the_answer_closes_them(open_office: Open) -> None:
    office = open_office({"risk_per_day": 0, "gap_questions": 2})
    questions = ("How do I frobnicate the quux?", "How do I frobnicate the quux, please?")
    for answers, question in enumerate(questions):
        office.rasa_knows_nothing_of(question)
        office.ask(question)
        office.has_said(answers + 1)
    office.run_gaps()
    card = office.card("quux")
    assert "asked 2 times" in office.shown(card) and "Versions" in office.shown(card)
    office.press(office.zoe, card, "gap_answer")
    office.is_told(office.zoe, "You may not correct here")
    view = office.opens(office.mara, card, "gap_answer")
    assert "How do I frobnicate the quux" in str(view["blocks"])
    office.slack.submit(office.mara, view, {"answer": "Hold it upright.", "audience": "public"}).wait()
    office.card_says("quux", "Closed")
    assert [row.answer for row in office.corrections()] == ["Hold it upright."]
    sent = office.slack.submit(office.mara, view, {"answer": "Once more.", "audience": "public"}).wait()
    assert "closed already" in sent.answer["errors"]["answer"]
    office.run_gaps()
    assert len([one for one in office.cards() if "quux" in office.shown(one)]) == 1


def test_a_gap_that_is_dismissed_is_closed(open_office: Open) -> None:
    office = open_office({"risk_per_day": 0, "gap_questions": 1})
    office.rasa_knows_nothing_of("Do you sell socks?")
    office.ask("Do you sell socks?")
    office.slack.wait_for(lambda: office.said_to_ann())
    office.run_gaps()
    office.press(office.mara, office.card("socks"), "gap_dismiss")
    office.card_says("socks", "Closed")
    assert office.corrections() == []


def test_the_mornings_digest_says_how_the_day_went(open_office: Open) -> None:
    office = open_office()
    question, card = office.new_card()
    office.press(office.mara, card, "review_approve")
    office.card_says(question, "Approved")
    tomorrow = (now() + timedelta(days=1)).replace(hour=9)
    office.round_at(tomorrow)
    text = office.shown(office.card("Review queue on"))
    assert "New cards: 1 risk" in text and "1 × ✓ Approved" in text and "Open now: 0" in text
    office.round_at(tomorrow)
    assert len([one for one in office.cards() if "Review queue on" in office.shown(one)]) == 1
