"""What has nothing to do with us is declined, unless an operator has answered it."""

from tests.actions.conftest import Desk
from tests.actions.neighbours import cuts, found, passage

DECLINE = "action_out_of_scope"
FIX = passage(9, "reviewed", 0.9, id="fix:9", title="Answer from our team", url="", text="No, only euros.", sources=[])


def test_it_is_declined_kindly(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(passage(1, "faq", 0.95))
    said = desk.run(DECLINE, "can you order me a taxi")
    assert [response.get("response") for response in said.responses] == ["utter_out_of_scope"]
    assert said.slots == {}


def test_what_an_operator_has_answered_is_answered(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(reviewed=FIX)
    said = desk.run(DECLINE, "is bitcoin accepted?")
    assert (said.text, said.evidence["decision"]) == ("No, only euros.", "reviewed")


def test_a_correction_to_another_question_changes_nothing(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = found(reviewed=FIX | {"score": 0.5})
    assert desk.run(DECLINE, "is bitcoin accepted?").responses[0]["response"] == "utter_out_of_scope"


def test_without_the_knowledge_it_is_declined_as_before(desk: Desk) -> None:
    desk.knowledge.answers["/search"] = cuts()
    assert desk.run(DECLINE, "is bitcoin accepted?").responses[0]["response"] == "utter_out_of_scope"
