"""The prompt of the fine-tuned GPT-2 and how passages are packed into it.

    <|question|>Q<|context|>passage 1<|context|>passage 2<|question|>Q<|answer|>

Control tokens count only where we put them: the same characters inside a question or a passage are text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from contracts.wire import DraftPassage

QUESTION, CONTEXT, ANSWER, NO_ANSWER, END = "<|question|>", "<|context|>", "<|answer|>", "<|noanswer|>", "<|endoftext|>"
CONTROL = (END, CONTEXT, QUESTION, ANSWER, NO_ANSWER)
SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n")
MIN_SENTENCE_TOKENS = 8


@dataclass(frozen=True)
class Prompt:
    """Tokens of the prompt and the ids of the passages that are in it."""

    tokens: list[str]
    passages: tuple[str, ...]


def as_text(text: str) -> str:
    """Break up control tokens so that they can't be read as such."""
    return text.replace("<|", "< |").replace("|>", "| >")


def build_prompt(tokenizer: Tokenizer, question: str, passages: Sequence[DraftPassage], limit: int) -> Prompt:
    """Pack passages, best first, into at most `limit` tokens; what doesn't fit is cut at a sentence end or left out."""
    asked = tokenizer.encode(as_text(question)).tokens[: limit // 4]
    room = limit - 2 * len(asked) - 3
    tokens, used = [QUESTION, *asked], list[str]()
    for passage in passages:
        piece = _fit(tokenizer, passage.text, room - 1)
        if not piece:
            break
        tokens += [CONTEXT, *piece]
        room -= len(piece) + 1
        used.append(passage.id)
    return Prompt([*tokens, QUESTION, *asked, ANSWER], tuple(used))


def _fit(tokenizer: Tokenizer, text: str, room: int) -> list[str]:
    whole: list[str] = tokenizer.encode(as_text(text)).tokens
    if len(whole) <= room:
        return whole
    kept: list[str] = []
    end = 0
    for mark in SENTENCE_END.finditer(text):
        tokens = tokenizer.encode(as_text(text[: mark.start()])).tokens
        if len(tokens) > room:
            break
        kept, end = tokens, mark.start()
    return kept if end and len(kept) >= MIN_SENTENCE_TOKENS else []
