"""The model service."""

from collections.abc import Sequence

from actions.turn import Turn
from contracts.client import ask, new_client
from contracts.wire import Draft, DraftPassage, DraftRequest, Passage


class GeneratorClient:
    """Phrases an answer from passages."""

    def __init__(self, url: str) -> None:
        self._http = new_client(url)

    async def draft_answer(self, question: str, passages: Sequence[Passage], turn: Turn) -> Draft:
        # Without their headings: the model copies a heading where it should answer.
        shown = tuple(DraftPassage(id=p.id, text=p.text) for p in passages)
        request = DraftRequest(question=question, passages=shown)
        return await ask(self._http, "generator", "/draft", request, Draft, turn.headers())
