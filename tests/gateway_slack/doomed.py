"""A gateway in a process of its own that is killed (SIGKILL, as by a power cut) at a named step of a turn, once.

Without a step it runs on. The steps are ends and beginnings of functions of the gateway, in the order of a turn.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

import uvicorn

from gateway import api  # noqa: F401 (imported once, in the process that the gateways are forked from)
from gateway.conversations import Conversations
from gateway.outbox import Outbox
from gateway.rasa import RasaClient
from gateway.slack.sender import SlackSender

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
# Step → the function, and whether the end comes before or after it.
STEPS: dict[str, tuple[Any, str, str]] = {
    "before it is stored": (Conversations, "take_in", "before"),
    "stored and not acknowledged": (Conversations, "take_in", "after"),
    "before Rasa is asked": (RasaClient, "send", "before"),
    "Rasa has answered": (RasaClient, "send", "after"),
    "the reply is stored": (Conversations, "finish", "after"),
    "before it is posted": (SlackSender, "_said", "before"),
    "posted": (SlackSender, "_said", "after"),
    "marked as sent": (Outbox, "_set", "after"),
}


def doom(step: str) -> None:
    owner, name, when = STEPS[step]
    real = getattr(owner, name)

    async def doomed(*given: Any, **named: Any) -> Any:
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = await real(*given, **named)
        if step == "Rasa has answered":
            await asyncio.sleep(0.05)  # so that Slack has its acknowledgement
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, doomed)


def start(step: str, port: int, environment: Mapping[str, str]) -> BaseProcess:
    process = FORKS.Process(target=run, args=(step, port, dict(environment)))
    process.start()
    return process


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(step: str, port: int, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    if step:
        doom(step)
    uvicorn.run("gateway.api:app", host="127.0.0.1", port=port, log_level="warning", access_log=False)
