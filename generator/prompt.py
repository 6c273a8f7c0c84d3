"""The prompt of the fine-tuned GPT-2 and how passages are packed into it.

    <|question|>Q<|context|>passage 1<|context|>passage 2<|question|>Q<|answer|>

Control tokens count only where we put them: the same characters inside a question or a passage are text. A GPT-2 that
was never taught them (`openai-community/gpt2`) gets the same order in plain words.
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
IN_WORDS = {QUESTION: "\n\nQuestion: ", CONTEXT: "\n\n", ANSWER: "\n\nAnswer:"}


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
    marks = {mark: _mark(tokenizer, mark) for mark in IN_WORDS}
    asked = tokenizer.encode(as_text(question)).tokens[: limit // 4]
    frame = [*marks[QUESTION], *asked, *marks[ANSWER]]
    room = limit - len(frame) - len(marks[QUESTION]) - len(asked)
    tokens, used = [*marks[QUESTION], *asked], list[str]()
    for passage in passages:
        piece = _fit(tokenizer, passage.text, room - len(marks[CONTEXT]))
        if not piece:
            break
        tokens += [*marks[CONTEXT], *piece]
        room -= len(piece) + len(marks[CONTEXT])
        used.append(passage.id)
    return Prompt([*tokens, *frame], tuple(used))


def _mark(tokenizer: Tokenizer, mark: str) -> list[str]:
    if tokenizer.token_to_id(mark) is not None:
        return [mark]
    words: list[str] = tokenizer.encode(IN_WORDS[mark]).tokens
    return words


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
