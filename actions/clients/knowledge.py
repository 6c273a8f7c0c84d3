"""The retrieval service."""

import asyncio
import logging

import httpx

from actions.turn import Turn
from contracts.client import ask, new_client
from contracts.wire import TURN_HEADER, SearchRequest, SearchResponse

log = logging.getLogger("frontdesk.actions")


class KnowledgeClient:
    """Finds passages; tells which FAQs were used."""

    def __init__(self, url: str) -> None:
        self._http = new_client(url)
        self._under_way: set[asyncio.Task[None]] = set()

    async def find_passages(self, question: str, previous: str | None, turn: Turn, k: int = 6) -> SearchResponse:
        request = SearchRequest(question=question, previous_question=previous, k=k, audience=turn.audience)
        return await ask(self._http, "knowledge", "/search", request, SearchResponse, turn.headers())

    def record_use(self, faq_id: str, turn: Turn) -> None:
        """Best effort and beside the answer, which neither waits for it nor fails with it."""
        task = asyncio.create_task(self._post_use(faq_id, turn))
        self._under_way.add(task)  # the event loop itself would forget it
        task.add_done_callback(self._under_way.discard)

    async def _post_use(self, faq_id: str, turn: Turn) -> None:
        try:
            await self._http.post(f"/faqs/{faq_id}/used", headers={TURN_HEADER: turn.id}, timeout=1.0)
        except httpx.HTTPError as error:
            log.warning("use of %s not counted: %s turn=%s", faq_id, type(error).__name__, turn.id)
