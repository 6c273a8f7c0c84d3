"""The error tree of Frontdesk.

    FrontdeskError
    ├── BadRequest          the caller's words are off                    4xx
    │   ├── TooLarge                                                      413
    │   ├── NotFound                                                      404
    │   ├── NoSession       no token, or one that is worth nothing        401
    │   └── Used            works once and was used                       409
    ├── Unavailable         a neighbour can't help now                    503
    │   ├── Busy            its queue is full; carries retry_after
    │   │   └── TooMany     of one sender                                 429
    │   ├── NeighbourDown   no connection, or cut
    │   ├── NeighbourLied   answered, but not what was agreed
    │   └── DeadlinePassed  the turn's time is over                       504
    └── Misconfigured       a setting or a file is missing; ends the process at start

Clients turn transport failures into it, entry points turn it into status codes, actions into an utterance.
"""


class FrontdeskError(Exception):
    """Root of all errors that a process of ours raises on purpose. The message is fit for a person to read."""

    status = 500
    code = "internal"


class BadRequest(FrontdeskError):  # noqa: N818
    status = 422
    code = "bad_request"


class TooLarge(BadRequest):
    status = 413
    code = "too_large"


class NotFound(BadRequest):
    status = 404
    code = "not_found"


class NoSession(BadRequest):
    status = 401
    code = "no_session"


class Used(BadRequest):
    status = 409
    code = "used"


class Unavailable(FrontdeskError):  # noqa: N818
    status = 503
    code = "unavailable"


class Busy(Unavailable):
    """The queue is full. `retry_after`: seconds until it is worth asking again."""

    code = "busy"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooMany(Busy):
    """One sender alone is too fast."""

    status = 429
    code = "too_many"


class NeighbourDown(Unavailable):
    code = "neighbour_down"


class NeighbourLied(Unavailable):
    status = 502
    code = "neighbour_lied"


class DeadlinePassed(Unavailable):
    status = 504
    code = "deadline_passed"


class Misconfigured(FrontdeskError):  # noqa: N818
    code = "misconfigured"
