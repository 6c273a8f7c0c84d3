"""A card in the review channel: what it shows, who may press what, what becomes of it."""

import threading

from review.cards import Kind
from tests.gateway_review.conftest import UNSURE, Office, Open


def test_a_card_shows_the_masked_question_the_answer_its_sources_and_why_it_is_here(office: Office) -> None:
    question = "How do I frobnicate for ann@firm.example on +31 6 1234 5678?"
    office.rasa_knows_nothing_of(question)
    office.ask(question)
    text = office.shown(office.card("How do I frobnicate for"))
    assert "ann@firm.example" not in text and "<email>" in text.replace("&lt;", "<").replace("&gt;", ">")
    assert UNSURE in text
    assert "0.40" in text and "Versions" in text
    assert "The assistant didn't know the answer." in text
    assert "direct message" in text


def test_the_conversation_can_be_read_without_personal_data(office: Office) -> None:
    question, card = office.new_card()
    office.ask("I am ann@firm.example, by the way, and I wait.")
    office.slack.wait_for(lambda: any("by the way" in body["message"] for body in office.rasa.heard))
    office.press(office.zoe, card, "review_read")
    office.is_told(office.zoe, "You may not review here")
    view = office.opens(office.mara, card, "review_read")
    text = office.shown(view)
    assert question in text and UNSURE in text and "Customer" in text and "Frontdesk" in text
    assert "ann@firm.example" not in str(view)


def test_approving_is_stamped_and_written_down(office: Office) -> None:
    question, card = office.new_card()
    office.press(office.mara, card, "review_approve")
    stamped = office.card_says(question, "Approved")
    assert office.mara.id in office.shown(stamped)
    assert not [b for b in stamped["blocks"] for e in b.get("elements", []) if e.get("action_id") == "review_approve"]
    verdict = office.verdicts()[-1]
    assert (verdict.kind, verdict.operator, verdict.before) == (Kind.APPROVE, office.mara.id, UNSURE)
    assert verdict.evidence["sources"][0]["id"] == "page:1"


def test_two_operators_at_once_decide_one_card_once(office: Office) -> None:
    question, card = office.new_card()
    before = len(office.verdicts())
    presses = [
        threading.Thread(target=office.press, args=(who, card, action))
        for who, action in ((office.mara, "review_approve"), (office.ben, "review_reject")) * 3
    ]
    for press in presses:
        press.start()
    for press in presses:
        press.join()
    office.card_says(question, " by <@")
    assert len(office.verdicts()) == before + 1
    late = office.mara if office.verdicts()[-1].operator == office.ben.id else office.ben
    assert " has decided this card at " in office.is_told(late, "has decided")


def test_the_refusal_names_the_colleague(office: Office) -> None:
    _, card = office.new_card()
    view = office.opens(office.mara, card, "review_correct")
    office.press(office.ben, card, "review_approve")
    assert office.is_told(office.ben, "has had this card since").startswith("mara")
    office.slack.close(office.mara, view).wait()


def test_who_opens_the_form_has_the_card_until_it_is_closed(office: Office) -> None:
    question, card = office.new_card()
    view = office.opens(office.mara, card, "review_correct")
    office.card_says(question, f"<@{office.mara.id}> has this card")
    office.slack.close(office.mara, view).wait()
    office.slack.wait_for(lambda: "has this card" not in office.shown(office.card(question)))
    office.press(office.ben, card, "review_approve")
    office.card_says(question, "Approved")


def test_a_correction_is_prefilled_saved_and_stamped(office: Office) -> None:
    question, card = office.new_card()
    view = office.opens(office.mara, card, "review_correct")
    shown = str(view["blocks"])
    assert question in shown and "Versions" in shown
    answer = "Press *the* red button & wait."
    office.slack.submit(office.mara, view, {"answer": answer, "sources": ["page:1"], "audience": "public"}).wait()
    office.card_says(question, "Corrected")
    (written,) = [row for row in office.corrections() if row.question == question]
    assert (written.answer, written.audience, written.operator) == (answer, "public", office.mara.id)
    assert [source["id"] for source in written.sources] == ["page:1"]
    verdict = office.verdicts()[-1]
    assert (verdict.kind, verdict.before, verdict.after) == (Kind.CORRECT, UNSURE, answer)


def test_a_correction_without_words_is_refused_in_the_form(office: Office) -> None:
    question, card = office.new_card()
    view = office.opens(office.mara, card, "review_correct")
    sent = office.slack.submit(office.mara, view, {"answer": "   ", "audience": "public"}).wait()
    assert sent.answer["errors"] == {"answer": "Write the answer that customers should get."}
    assert [row for row in office.corrections() if row.question == question] == []


def test_the_sources_of_the_answer_stay_chosen_when_nothing_is_changed(office: Office) -> None:
    question, card = office.new_card()
    view = office.opens(office.mara, card, "review_correct")
    office.slack.submit(office.mara, view, {"answer": "Press it.", "audience": "internal"}).wait()
    office.card_says(question, "Corrected")
    (written,) = [row for row in office.corrections() if row.question == question]
    assert ([source["id"] for source in written.sources], written.audience) == (["page:1"], "internal")


def test_while_the_knowledge_is_away_nothing_can_be_picked_and_nothing_is_lost(office: Office) -> None:
    _, card = office.new_card()
    view = office.opens(office.mara, card, "review_correct")
    assert office.slack.suggest(office.mara, view, "sources", "restore").wait().answer == {"options": []}
    filled_in = {"answer": "Press it.", "sources": ["page:1", "page:2"], "audience": "public"}
    sent = office.slack.submit(office.mara, view, filled_in).wait()
    assert "can't be looked up right now" in sent.answer["errors"]["answer"]
    office.slack.close(office.mara, view).wait()


def test_undo_opens_the_card_and_retires_the_correction(office: Office) -> None:
    question, card = office.new_card()
    view = office.opens(office.mara, card, "review_correct")
    office.slack.submit(office.mara, view, {"answer": "Press it.", "audience": "public"}).wait()
    stamped = office.card_says(question, "Corrected")
    office.press(office.ben, stamped, "review_undo")
    office.card_says(question, "Correct …")
    (written,) = [row for row in office.corrections() if row.question == question]
    assert written.retired_at is not None
    assert [one.kind for one in office.verdicts()[-2:]] == [Kind.CORRECT, Kind.UNDO]


def test_undo_after_ten_minutes_is_refused(open_office: Open) -> None:
    office = open_office({"undo_minutes": 0.0001})
    question, card = office.new_card()
    office.press(office.mara, card, "review_reject")
    office.press(office.mara, office.card_says(question, "Rejected"), "review_undo")
    assert "this one is older" in office.is_told(office.mara, "taken back")


def test_somebody_without_the_role_is_refused_politely_and_nothing_changes(office: Office) -> None:
    question, card = office.new_card()
    before = len(office.verdicts())
    for action in ("review_approve", "review_correct", "review_take_over"):
        office.press(office.zoe, card, action)
    office.slack.wait_for(lambda: len(office.told(office.zoe)) >= 3)
    assert all("add you to the user group" in text for text in office.told(office.zoe))
    assert len(office.verdicts()) == before and office.slack.modal(office.zoe) is None
    assert "has this card" not in office.shown(office.card(question))


def test_corrections_and_take_overs_may_be_for_fewer(open_office: Open) -> None:
    office = open_office(SLACK_CORRECTORS="S0NOBODY", SLACK_TAKE_OVER="S0NOBODY")
    question, card = office.new_card()
    office.press(office.mara, card, "review_correct")
    assert "You may not correct here" in office.is_told(office.mara, "correct")
    office.press(office.mara, card, "review_take_over")
    assert "You may not take over here" in office.is_told(office.mara, "take over")
    office.press(office.mara, card, "review_approve")
    office.card_says(question, "Approved")


def test_a_right_that_was_taken_away_while_the_form_was_open_counts(open_office: Open) -> None:
    office = open_office()
    question, card = office.new_card()
    view = office.opens(office.mara, card, "review_correct")
    office.slack.share(office.review).wait()
    sent = office.slack.submit(office.mara, view, {"answer": "Press it.", "audience": "public"}).wait()
    assert "isn't private any more" in sent.answer["errors"]["answer"]
    assert office.corrections() == [] and question


def test_a_button_of_a_card_that_is_gone_is_refused(office: Office) -> None:
    _, card = office.new_card()
    buttons = [one for block in card["blocks"] for one in block.get("elements", []) if one.get("action_id")]
    for button in buttons:
        button["value"] = "999999"
    before = len(office.told(office.mara))
    for button in buttons:
        office.press(office.mara, card, button["action_id"])
    office.slack.wait_for(lambda: len(office.told(office.mara)) >= before + len(buttons))
    assert len(buttons) == 6
    assert set(office.told(office.mara)[before:]) == {"There is no such card."}


def test_the_window_that_slack_does_not_open_gives_the_card_back(office: Office) -> None:
    question, card = office.new_card()
    office.slack.fail("views.open", with_="expired_trigger_id")
    office.press(office.mara, card, "review_correct")
    office.is_told(office.mara, "could not be opened")
    office.slack.wait_for(lambda: "has this card" not in office.shown(office.card(question)))
