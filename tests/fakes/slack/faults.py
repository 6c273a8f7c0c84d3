"""Trouble on request: what Slack, or the network before it, does to a Web API call instead of answering well."""

import random
from dataclasses import dataclass, field
from typing import Any

HTML_PAGE = "<!DOCTYPE html><html><head><title>Slack</title></head><body>We'll be back shortly.</body></html>"


@dataclass(frozen=True)
class Fault:
    """One kind of trouble. With `after`, the call first takes effect and only its answer is spoiled."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    content_type: str = "application/json"
    cut: bool = False
    after: bool = False
    delay: float = 0.0

    @property
    def spoils(self) -> bool:
        """Whether the caller gets something else than the method's own answer."""
        return self.cut or self.status is not None


def http(status: int, after: bool = False) -> Fault:
    """An error of Slack's front door, e.g. 500 or 503, with nothing useful in it."""
    return Fault(status=status, body="", content_type="text/plain", after=after)


def retry_after(seconds: int) -> Fault:
    """429 with a Retry-After header."""
    return Fault(status=429, headers={"Retry-After": str(seconds)}, body='{"ok":false,"error":"ratelimited"}')


def cut_before() -> Fault:
    """The connection breaks and nothing has happened."""
    return Fault(cut=True)


def cut_after() -> Fault:
    """The call took effect, but the connection breaks before the answer: was the message posted?"""
    return Fault(cut=True, after=True)


def slow(seconds: float) -> Fault:
    """The right answer, late."""
    return Fault(delay=seconds)


def html(status: int = 200, after: bool = False) -> Fault:
    """A web page where JSON was expected, as proxies and maintenance pages give."""
    return Fault(status=status, body=HTML_PAGE, content_type="text/html", after=after)


def broken_json(after: bool = False) -> Fault:
    """JSON that stops in the middle."""
    return Fault(status=200, body='{"ok":true,"chan', after=after)


@dataclass(frozen=True)
class Refusal(Fault):
    """`ok: false` with any error; HTTP 200."""

    error: str = "internal_error"
    extra: dict[str, Any] = field(default_factory=dict)


def error(name: str, **extra: Any) -> Fault:
    return Refusal(error=name, extra=extra)


def as_fault(wanted: "Fault | int | str") -> Fault:
    """A status number or an error name stands for the fault it is."""
    if isinstance(wanted, Fault):
        return wanted
    return http(wanted) if isinstance(wanted, int) else error(wanted)


TROUBLES = (http(500), http(503), cut_before(), cut_after(), html(502), slow(0.05), error("internal_error"))


@dataclass
class _Planned:
    method: str
    left: int | None
    fault: Fault


class Faults:
    """The faults a test has asked for, planned ones first, then the random ones."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._rate = 0.0
        self._random = random.Random(0)
        self._kinds: tuple[Fault, ...] = TROUBLES
        self._methods: frozenset[str] | None = None

    def plan(self, method: str, times: int | None, fault: Fault) -> None:
        self._planned.append(_Planned(method, times, fault))

    def random(self, rate: float, seed: int, kinds: tuple[Fault, ...], methods: frozenset[str] | None) -> None:
        self._rate, self._random, self._kinds, self._methods = rate, random.Random(seed), kinds, methods

    def clear(self) -> None:
        self._planned.clear()
        self._rate = 0.0

    def next(self, method: str) -> Fault | None:
        """What goes wrong with this call, if anything."""
        for planned in self._planned:
            if planned.method in (method, "*") and planned.left != 0:
                if planned.left is not None:
                    planned.left -= 1
                return planned.fault
        if self._rate and (self._methods is None or method in self._methods) and self._random.random() < self._rate:
            return self._random.choice(self._kinds)
        return None
