"""A review card as Slack shows it: what was asked and answered, from what, why it is here, what one can do."""

from collections.abc import Sequence
from typing import Any

from contracts.wire import Source
from gateway.chat_models import History, Message
from gateway.slack import phrases
from gateway.slack.address import CHANNEL, Address
from gateway.slack.blocks import button, context, section, words
from gateway.slack.words import escaped, link, mrkdwn, pieces
from review.cards import CLAIMED, DECIDED, Card, Kind, Lane
from review.digest import Digest
from review.gaps import CLOSED, DRAFTED, Gap

Block = dict[str, Any]
QUESTION_CHARS, ANSWER_CHARS, READ_CHARS = 1_500, 2_500, 2_000
MOST_SOURCES = 6
OPTION_VALUE_CHARS = 150
LANES = {Lane.SAMPLE: "Sample", Lane.RISK: "Risk"}
VERDICTS = {
    Kind.APPROVE: "✓ Approved", Kind.CORRECT: "✎ Corrected", Kind.REJECT: "✗ Rejected",
    Kind.NEEDS_PAGE: "📄 Needs a page", Kind.TAKE_OVER: "👤 Taken over",
}  # fmt: skip
AUDIENCES = {"public": "Everybody", "internal": "Staff only"}


def digest(found: Digest) -> tuple[str, list[Block]]:
    """A day of the queue, for the next morning."""
    text = phrases.DIGEST.format(day=f"{found.day:%-d %B}")
    opened = ", ".join(f"{count} {LANES[Lane(lane)].lower()}" for lane, count in found.opened.items()) or "none"
    decided = ", ".join(f"{count} × {VERDICTS[Kind(kind)]}" for kind, count in found.decided.items()) or "none"
    lines = [f"*{text}*", f"New cards: {opened}", f"Decided: {decided}"]
    if found.median_hours is not None:
        lines.append(f"Half of them within {_duration(found.median_hours)}")
    since = found.oldest_open_since
    oldest = f", the oldest since {since:%-d %B %H:%M} UTC" if since else ""
    lines.append(f"Open now: {found.open}{oldest}")
    return text, [section("\n".join(lines))]


def _duration(hours: float) -> str:
    minutes = round(hours * 60)
    return f"{hours:.1f} hours" if hours >= 2 else "a minute" if minutes <= 1 else f"{minutes} minutes"


def gap(found: Gap) -> tuple[str, list[Block]]:
    """Questions of one kind that nothing answers."""
    trend = found.count - found.count_before
    trend_words = (
        f"{abs(trend)} {'more' if trend > 0 else 'fewer'} than in the period before"
        if trend
        else "as in the period before"
    )
    nearest = link(found.nearest_url or "", found.nearest_title) if found.nearest_title else "no page comes near"
    blocks = [
        context(f"*Gap* · asked {'once' if found.count == 1 else f'{found.count} times'}, {trend_words}"),
        section("*Question*\n" + _quoted(found.question, QUESTION_CHARS)),
        context(f"nearest page: {nearest}", f"owner: {escaped(found.owner or 'not known')}"),
    ]
    if found.state == CLOSED:
        blocks.append(context("*✓ Closed*: it is answered, or nobody wants it answered"))
    else:
        drafted = [section("*Draft*\n" + _quoted(found.draft, ANSWER_CHARS))] if found.state == DRAFTED else []
        elements = [
            button("Write the answer …", "gap_answer", found.id, style="primary"),
            button("Dismiss", "gap_dismiss", found.id),
        ]
        blocks += [*drafted, {"type": "actions", "elements": elements}]
    return f"Gap: {escaped(found.question[:200])}", blocks


def gap_view(found: Gap) -> Block:
    """The FAQ that is missing, to be written or approved."""
    draft = found.draft if found.state == DRAFTED else ""
    return {
        "type": "modal", "callback_id": "gap_answer", "private_metadata": found.id,
        "title": words("Write the answer", 24), "submit": words("Save", 24), "close": words("Cancel", 24),
        "blocks": [
            _text("question", "Question", found.question, 1_000),
            _text("answer", "Answer that customers should get", draft, 3_000),
            _source_picker(()),
            _audience("public"),
        ],
    }  # fmt: skip


def card(one: Card) -> tuple[str, list[Block]]:
    """The text for notifications and the blocks."""
    why = " ".join(escaped(reason.sentence) for reason in one.reasons)
    blocks = [
        context(f"*{LANES[one.lane]}* · {why}"),
        section("*Question*\n" + _quoted(one.question, QUESTION_CHARS)),
        section(f"*Answer* ({one.decision or one.status})\n" + _quoted(one.text, ANSWER_CHARS)),
        context(*_evidence(one)),
        *_state(one),
    ]
    return f"{LANES[one.lane]}: {escaped(one.question[:200])}", blocks


def _quoted(text: str, most: int) -> str:
    first = next(iter(pieces(mrkdwn(text), most)), "")
    return "\n".join("> " + line for line in first.split("\n"))


def _evidence(one: Card) -> list[str]:
    found = [f"{source.score:.2f} {link(source.url, source.title)}" for source in one.sources[:MOST_SOURCES]]
    support = one.evidence.support if one.evidence else None
    said = [f"support {support:.2f}"] if support is not None else []
    rated = (
        [f"rated {one.rating}: {escaped(one.rating_comment or one.rating_reason or 'no reason')}"] if one.rating else []
    )
    return [*(found or ["no sources"]), *said, *rated, _where(one)]


def _where(one: Card) -> str:
    at = f"{one.answered_at:%-d %B %H:%M} UTC"
    if one.channel != CHANNEL:
        return f"{one.channel} · {at} · `{one.conversation}` · `{one.turn_id}`"
    address = Address.of(one.conversation)
    if address.channel.startswith("D"):
        return f"direct message · {at} · `{one.turn_id}`"
    thread = f"&thread_ts={address.thread}" if address.thread else ""
    url = f"https://slack.com/app_redirect?team={address.team}&channel={address.channel}{thread}"
    return f"{link(url, 'the conversation')} · {at} · `{one.turn_id}`"


def _state(one: Card) -> list[Block]:
    if one.state == DECIDED and one.verdict is not None and one.decided_at is not None:
        stamp = f"*{VERDICTS[one.verdict]}* by <@{one.claimed_by}> · {one.decided_at:%-d %B %H:%M} UTC"
        after = [button("Undo", "review_undo", str(one.id)), button("Read on …", "review_read", str(one.id))]
        return [context(stamp), {"type": "actions", "elements": after}]
    claimed = [context(f"<@{one.claimed_by}> has this card")] if one.state == CLAIMED else []
    return [*claimed, _choices(one)]


def _choices(one: Card) -> Block:
    id = str(one.id)
    return {
        "type": "actions",
        "elements": [
            button("Approve", "review_approve", id, style="primary"),
            button("Correct …", "review_correct", id),
            button("Reject", "review_reject", id, style="danger"),
            button("Needs a page", "review_needs_page", id),
            button("Take over", "review_take_over", id),
            button("Read on …", "review_read", id),
        ],
    }


def conversation_view(history: History) -> Block:
    """What was said so far, as it is stored: without personal data of a known shape."""
    said = [
        section(f"*{_author(one)}* · {one.at:%-d %B %H:%M} UTC\n{_quoted(one.text, READ_CHARS)}")
        for one in history.messages
    ]
    more = [context("Older messages are left out.")] if history.more else []
    return {
        "type": "modal", "title": words("The conversation", 24), "close": words("Close", 24),
        "blocks": [*more, *said] or [context("Nothing was said.")],
    }  # fmt: skip


def _author(one: Message) -> str:
    return {"customer": "Customer", "assistant": "Frontdesk"}.get(one.author) or escaped(one.name or "A colleague")


def correction_view(one: Card) -> Block:
    """Prefilled with the question as it was searched and the answer as it was given."""
    audience = "internal" if one.channel == CHANNEL else "public"
    return {
        "type": "modal", "callback_id": "review_correction", "private_metadata": str(one.id), "notify_on_close": True,
        "title": words("Correct the answer", 24), "submit": words("Save", 24), "close": words("Cancel", 24),
        "blocks": [
            _text("question", "Question", one.asked, 1_000),
            _text("answer", "Answer that customers should get", "" if one.decision == "unknown" else one.text, 3_000),
            _source_picker(one.sources),
            _audience(audience),
        ],
    }  # fmt: skip


def _text(name: str, label: str, value: str, most: int) -> Block:
    element = {"type": "plain_text_input", "action_id": name, "multiline": True, "max_length": most}
    if value:
        element["initial_value"] = value[:most]
    return {"type": "input", "block_id": name, "label": words(label, 150), "element": element}


def _source_picker(shown: Sequence[Source]) -> Block:
    """Those of the answer are chosen; others are found by typing."""
    picker: Block = {
        "type": "multi_external_select", "action_id": "sources", "min_query_length": 3,
        "placeholder": words("Type to find pages"),
    }  # fmt: skip
    chosen = [source_option(source) for source in shown[:MOST_SOURCES] if len(source.id) <= OPTION_VALUE_CHARS]
    if chosen:
        picker["initial_options"] = chosen
    label = words("Sources shown under it", 150)
    return {"type": "input", "block_id": "sources", "optional": True, "label": label, "element": picker}


def source_option(source: Source) -> Block:
    return {"text": words(source.title), "value": source.id}


def _audience(chosen: str) -> Block:
    options = [_option(name) for name in AUDIENCES]
    picker = {
        "type": "static_select", "action_id": "audience", "initial_option": _option(chosen), "options": options,
    }  # fmt: skip
    return {"type": "input", "block_id": "audience", "label": words("Who may read it", 150), "element": picker}


def _option(audience: str) -> Block:
    return {"text": words(AUDIENCES[audience]), "value": audience}


def message_view(one: Card) -> Block:
    """What the operator writes to the customer."""
    return {
        "type": "modal", "callback_id": "review_message", "private_metadata": str(one.id),
        "title": words("Send to customer", 24), "submit": words("Send", 24), "close": words("Cancel", 24),
        "blocks": [_text("text", "The customer reads this", "", 3_000)],
    }  # fmt: skip


def desk(one: Card) -> tuple[str, list[Block]]:
    """What stands in the thread of a card that was taken over."""
    text = (
        f"<@{one.claimed_by}> is in the conversation; the assistant is quiet. What the customer writes comes into this "
        "thread. What you write here the customer never sees: only “Send to customer” does that."
    )
    elements = [
        button("Send to customer …", "review_write", str(one.id), style="primary"),
        button("Hand back", "review_hand_back", str(one.id)),
    ]
    return text, [section(text), {"type": "actions", "elements": elements}]
