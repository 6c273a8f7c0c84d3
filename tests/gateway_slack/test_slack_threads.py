"""One thread is one conversation, in which the mention isn't needed any more."""

from uuid import uuid4

from tests.gateway_slack.conftest import Chat


def other() -> str:
    return f"and how do I share folder {uuid4().hex[:12]}"


def test_a_thread_goes_on_without_the_mention(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    root, follow_up = chat.mentions(ann, channel, question)["thread_ts"], other()
    assert chat.asks(ann, channel, follow_up, root)["thread_ts"] == root
    (first,), (second,) = chat.heard(question), chat.heard(follow_up)
    assert first["sender"] == second["sender"]


def test_somebody_else_may_go_on_in_the_thread(chat: Chat, question: str) -> None:
    ann, ben = chat.person(), chat.person("ben")
    channel = chat.channel(ann, ben)
    root, follow_up = chat.mentions(ann, channel, question)["thread_ts"], other()
    chat.asks(ben, channel, follow_up, root)
    assert chat.heard(follow_up)


def test_two_threads_are_two_conversations(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel, second = chat.channel(ann), other()
    one, two = chat.mentions(ann, channel, question), chat.mentions(ann, channel, second)
    assert one["thread_ts"] != two["thread_ts"]
    assert chat.heard(question)[0]["sender"] != chat.heard(second)[0]["sender"]


def test_a_thread_of_people_is_joined_when_they_call_us(chat: Chat, question: str) -> None:
    ann, follow_up = chat.person(), other()
    channel = chat.channel(ann)
    root = chat.slack.say(ann, channel, "does anybody know?").wait()
    chat.slack.say(ann, channel, "not me", root).wait()
    assert chat.mentions(ann, channel, question, root)["thread_ts"] == root.ts
    assert chat.asks(ann, channel, follow_up, root)["thread_ts"] == root.ts
    assert len(chat.said(channel)) == 2


def test_people_who_name_each_other_in_our_thread_are_not_interrupted(chat: Chat, question: str) -> None:
    ann, ben = chat.person(), chat.person("ben")
    channel, aside = chat.channel(ann, ben), other()
    root = chat.mentions(ann, channel, question)["thread_ts"]
    chat.slack.say(ann, channel, f"<@{ben.id}> {aside}", root).wait()
    chat.settle()
    assert len(chat.said(channel)) == 1
    both = f"<@{ben.id}> and <@{chat.slack.bot_user_id}> {aside}"
    assert chat.asks(ann, channel, both, root)["thread_ts"] == root


def test_a_thread_in_direct_messages_is_a_conversation_of_its_own(chat: Chat, question: str) -> None:
    ann, inside = chat.person(), other()
    direct = chat.slack.im(ann)
    first = chat.asks(ann, direct, question)
    assert chat.asks(ann, direct, inside, first)["thread_ts"] == first["ts"]
    assert chat.heard(question)[0]["sender"] != chat.heard(inside)[0]["sender"]


def test_a_reply_that_is_also_sent_to_the_channel_is_answered_in_the_thread(chat: Chat, question: str) -> None:
    ann, follow_up = chat.person(), other()
    channel = chat.channel(ann)
    root = chat.mentions(ann, channel, question)["thread_ts"]
    chat.slack.broadcast(ann, channel, follow_up, root).wait()
    chat.settle()
    assert [reply["thread_ts"] for reply in chat.said(channel)] == [root, root]


def test_a_file_in_our_thread_is_answered_to_its_sender_in_the_thread(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    root = chat.mentions(ann, channel, question)["thread_ts"]
    chat.slack.share_file(ann, channel, "screen.png", thread=root).wait()
    chat.settle()
    assert [told["thread_ts"] for told in chat.slack.ephemerals(ann, channel)] == [root]


def test_replies_come_in_the_order_of_the_questions(chat: Chat, question: str) -> None:
    ann = chat.person()
    channel = chat.channel(ann)
    root = chat.mentions(ann, channel, question)["thread_ts"]
    asked = [f"how do I restore file {number} of thread {root}?" for number in range(4)]
    for number, text in enumerate(asked):
        chat.rasa_says(text, f"answer {number}")
        chat.slack.say(ann, channel, text, root).wait()
    chat.settle()
    assert chat.shown(channel)[1:] == [f"answer {number}" for number in range(4)]
