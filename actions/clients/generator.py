"""The model service. While it is ill it is left alone (a circuit breaker), so that no turn waits for it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from prometheus_client import Counter, Gauge
from purgatory import AsyncCircuitBreakerFactory, ContextChanged, Event
from purgatory.domain.model import CLOSED, HALF_OPENED, OpenedState

from actions.turn import Turn
from contracts.client import ask, new_client
from contracts.errors import BadRequest, Busy, FrontdeskError, Unavailable
from contracts.wire import MAX_QUESTION_CHARS, Draft, DraftPassage, DraftRequest, Passage

SECONDS_TO_ADMIT = 0.3  # when no draft comes in time, there is still time to say so and to show the pages
CALLS = Counter("frontdesk_generator_calls_total", "Drafts asked for, by how that ended", ["outcome"])
OPEN = Gauge("frontdesk_generator_breaker_open", "1 while the generator is left alone because it failed")
# Whoever gives these answers is well, and gives them at once: no turn waits.
WELL = [BadRequest, Busy]


class GeneratorClient:
    """Phrases an answer from passages.

    After `failures` in a row it isn't asked for `pause_seconds`. Then one turn tries; the others do without
    a draft until that one has ended.
    """

    def __init__(self, url: str, failures: int, pause_seconds: float) -> None:
        self._http = new_client(url)
        self._breakers = AsyncCircuitBreakerFactory(failures, pause_seconds, exclude=WELL)  # type: ignore[arg-type]
        self._breakers.add_listener(_show)
        OPEN.set(0)

    async def draft_answer(self, question: str, passages: Sequence[Passage], turn: Turn) -> Draft:
        """Raises Unavailable itself when the generator is left alone, and otherwise as `contracts.client.ask`."""
        # Without their headings: the model copies a heading where it should answer.
        shown = tuple(DraftPassage(id=p.id, text=p.text) for p in passages)
        request = DraftRequest(question=question[-MAX_QUESTION_CHARS:], passages=shown)
        headers = turn.headers(SECONDS_TO_ADMIT)  # outside: a turn that comes too late isn't the generator's failure
        try:
            async with await self._breaker():
                draft = await ask(self._http, "generator", "/draft", request, Draft, headers)
        except OpenedState:
            CALLS.labels("not_asked").inc()
            raise Unavailable("The generator has failed and is left alone for a while.") from None
        except FrontdeskError as error:
            CALLS.labels(error.code).inc()
            raise
        CALLS.labels("ok").inc()
        return draft

    async def _breaker(self) -> AbstractAsyncContextManager[object]:
        """Raises OpenedState while another turn tries: purgatory itself would let everybody try at once."""
        breaker = await self._breakers.get_breaker("generator")
        if breaker.context.state == HALF_OPENED:
            raise OpenedState("generator")
        return breaker


def _show(_name: str, _kind: str, event: Event) -> None:
    if isinstance(event, ContextChanged):
        OPEN.set(0 if event.state == CLOSED else 1)
