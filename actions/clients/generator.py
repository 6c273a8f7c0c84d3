"""The model service."""

from collections.abc import Sequence

from actions.turn import Turn
from contracts.client import ask, new_client
from contracts.wire import MAX_QUESTION_CHARS, Draft, DraftPassage, DraftRequest, Passage

SECONDS_TO_ADMIT = 0.1  # when no draft comes in time, there is still time to say that we don't know


class GeneratorClient:
    """Phrases an answer from passages."""

    def __init__(self, url: str) -> None:
        self._http = new_client(url)

    async def draft_answer(self, question: str, passages: Sequence[Passage], turn: Turn) -> Draft:
        # Without their headings: the model copies a heading where it should answer.
        shown = tuple(DraftPassage(id=p.id, text=p.text) for p in passages)
        request = DraftRequest(question=question[-MAX_QUESTION_CHARS:], passages=shown)
        return await ask(self._http, "generator", "/draft", request, Draft, turn.headers(SECONDS_TO_ADMIT))
