"""Ask a neighbour process over HTTP: deadline and turn id in the headers, every failure from the error tree."""

import asyncio
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from contracts.errors import BadRequest, Busy, DeadlinePassed, NeighbourDown, NeighbourLied
from contracts.wire import DEADLINE_HEADER

Answer = TypeVar("Answer", bound=BaseModel)
LONGEST_SECONDS = 10.0


def new_client(base_url: str) -> httpx.AsyncClient:
    """A pooled client of one neighbour. Opens its first connection on the first request."""
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=20)
    return httpx.AsyncClient(base_url=base_url, limits=limits, timeout=LONGEST_SECONDS, trust_env=False)


async def ask(
    client: httpx.AsyncClient, name: str, path: str, body: BaseModel, answer: type[Answer], headers: dict[str, str]
) -> Answer:
    """POST `body`, read `answer`. `name` stands in the error messages."""
    seconds = int(headers.get(DEADLINE_HEADER, LONGEST_SECONDS * 1000)) / 1000
    headers = {**headers, "Content-Type": "application/json"}
    try:
        # httpx times each read by itself; an answer that comes in drops must not outlast the turn.
        async with asyncio.timeout(seconds):
            response = await client.post(path, content=body.model_dump_json(), headers=headers, timeout=seconds)
    except (httpx.TimeoutException, TimeoutError) as error:
        raise DeadlinePassed(f"{name} did not answer within {seconds:.1f} s.") from error
    except httpx.HTTPError as error:
        raise NeighbourDown(f"{name} can't be reached ({type(error).__name__}).") from error
    return read_answer(name, response, answer)


def read_answer(name: str, response: httpx.Response, answer: type[Answer]) -> Answer:
    """Check status and shape of a neighbour's response."""
    if response.status_code == 503:
        raise Busy(f"{name} is busy.", retry_after=_retry_after(response))
    if response.status_code == 504:
        raise DeadlinePassed(f"{name} ran out of time.")
    if 400 <= response.status_code < 500:
        raise BadRequest(f"{name} refused the request with status {response.status_code}.")
    try:
        response.raise_for_status()
        return answer.model_validate_json(response.content)
    except (httpx.HTTPStatusError, ValidationError) as error:
        raise NeighbourLied(f"{name} gave something else than agreed (status {response.status_code}).") from error


def _retry_after(response: httpx.Response) -> int:
    """Seconds; the other form of the header, a date, counts as one second."""
    seconds = response.headers.get("Retry-After", "")
    return int(seconds) if seconds.isdecimal() else 1
