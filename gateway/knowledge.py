"""The knowledge service, as operators need it: sources for a correction, and word that there is one."""

import logging
from collections.abc import Sequence
from typing import Any

import aiohttp
from pydantic import TypeAdapter, ValidationError

from contracts.errors import NeighbourDown, NeighbourLied
from contracts.wire import Audience, SearchRequest, SearchResponse, Source

log = logging.getLogger("frontdesk.gateway")

SECONDS = 2.0
MOST_FOUND = 20
SOURCES = TypeAdapter(tuple[Source, ...])


class KnowledgeClient:
    def __init__(self, url: str) -> None:
        self._url, self._http = url.rstrip("/"), aiohttp.ClientSession(trust_env=False)

    async def find_sources(self, words: str) -> tuple[Source, ...]:
        """Public and internal ones, the likeliest first. Raises NeighbourDown or NeighbourLied."""
        body = SearchRequest(question=words, k=MOST_FOUND, audience=Audience.INTERNAL).model_dump(mode="json")
        raw = await self._post("/search", body)
        try:
            return tuple(passage.as_source() for passage in SearchResponse.model_validate_json(raw).passages)
        except ValidationError as error:
            raise NeighbourLied("The knowledge service gave something else than passages.") from error

    async def sources(self, ids: Sequence[str]) -> tuple[Source, ...]:
        """Those of these passages that are in the index. Raises NeighbourDown or NeighbourLied."""
        try:
            return SOURCES.validate_json(await self._post("/sources", {"ids": list(ids)}))
        except ValidationError as error:
            raise NeighbourLied("The knowledge service gave something else than sources.") from error

    async def corrected(self) -> None:
        """There is a correction, or one less. It looks every few seconds by itself, so that a failure costs these."""
        try:
            await self._post("/corrections/sync", {})
        except (NeighbourDown, NeighbourLied) as error:
            log.warning("the knowledge service was not told of a correction: %s", error)

    async def close(self) -> None:
        await self._http.close()

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        try:
            timeout = aiohttp.ClientTimeout(total=SECONDS)
            async with self._http.post(self._url + path, json=body, timeout=timeout) as response:
                if response.status >= 300:
                    raise NeighbourLied(f"The knowledge service answered with status {response.status}.")
                return await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NeighbourDown(f"The knowledge service can't be reached ({type(error).__name__}).") from error
