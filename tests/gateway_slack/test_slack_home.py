"""App Home: what Frontdesk is for and how it is."""

from gateway import phrases as said_by_gateway
from tests.gateway.fake_rasa import FakeRasa
from tests.gateway_slack.conftest import Chat, StartChat


def test_the_home_says_how_it_is_and_what_one_can_do(chat: Chat) -> None:
    ann = chat.person()
    chat.slack.open_home(ann).wait()
    home = chat.slack.home(ann)
    assert home is not None
    shown = chat.slack.text_of(home)
    assert shown.startswith(f"Frontdesk\n{said_by_gateway.READY}") and "direct message" in shown


def test_the_messages_tab_needs_nothing(chat: Chat) -> None:
    ann = chat.person()
    assert chat.slack.open_home(ann, "messages").wait().ok
    assert chat.slack.home(ann) is None


def test_the_home_is_drawn_again_each_time(chat: Chat) -> None:
    ann = chat.person()
    for _ in range(2):
        chat.slack.open_home(ann).wait()
    assert sum(call.args["user_id"] == ann.id for call in chat.slack.calls("views.publish")) == 2


def test_a_home_that_slack_did_not_take_is_drawn_when_slack_asks_again(chat: Chat) -> None:
    ann = chat.person()
    chat.slack.fail("views.publish", with_=503)
    (delivery,) = chat.slack.open_home(ann).wait().deliveries
    assert [attempt.status for attempt in delivery.attempts] == [503, 200]
    assert chat.slack.home(ann) is not None


def test_the_home_says_when_answers_can_not_be_reached(start_chat: StartChat) -> None:
    gone = FakeRasa()
    gone.stop()
    chat = start_chat(RASA_URL=gone.address)
    ann = chat.person()
    chat.slack.open_home(ann).wait()
    home = chat.slack.home(ann)
    assert home is not None and said_by_gateway.NOT_READY in chat.slack.text_of(home)
