"""The retrieval service."""

import logging

import httpx

from actions.turn import Turn
from contracts.client import ask, new_client
from contracts.wire import SearchRequest, SearchResponse

log = logging.getLogger("frontdesk.actions")


class KnowledgeClient:
    """Finds passages; tells which FAQs were used."""

    def __init__(self, url: str) -> None:
        self._http = new_client(url)

    async def find_passages(self, question: str, previous: str | None, turn: Turn, k: int = 6) -> SearchResponse:
        request = SearchRequest(question=question, previous_question=previous, k=k, audience=turn.audience)
        return await ask(self._http, "knowledge", "/search", request, SearchResponse, turn.headers())

    async def record_use(self, faq_id: str, turn: Turn) -> None:
        """Best effort: an answer is not worth less because its use could not be counted."""
        try:
            await self._http.post(f"/faqs/{faq_id}/used", headers=turn.headers(), timeout=1.0)
        except httpx.HTTPError as error:
            log.warning("use of %s not counted: %s turn=%s", faq_id, type(error).__name__, turn.id)
