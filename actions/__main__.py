"""Start the action server: `python -m actions --port 5055 --host 127.0.0.1`.

rasa-sdk's own start command makes one process to watch and one to work; here one does, and listens where it is told. It
also serves `GET /metrics`.
"""

import asyncio
import logging
import signal
import warnings
from argparse import ArgumentParser
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor
from sanic import HTTPResponse, Request, Sanic, response


class SelectiveDomainExecutor(ActionExecutor):  # type: ignore[misc]
    """Rasa 3.6 leaves the domain out for actions that don't ask for it (`enable_selective_domain`).

    The newer SDK would answer that with status 449, which Rasa 3.6 takes for a failure of the action.
    """

    def update_and_return_domain(self, payload: dict[str, Any], action_name: str) -> dict[str, Any]:
        return payload.get("domain") or {}


def build_app() -> Sanic:  # type: ignore[type-arg]
    executor = SelectiveDomainExecutor()
    executor.register_package("actions")
    app: Sanic = create_app(executor)  # type: ignore[type-arg]

    @app.get("/metrics")
    async def metrics(_: Request) -> HTTPResponse:
        return response.raw(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    return app


async def serve(app: Sanic, host: str, port: int) -> None:  # type: ignore[type-arg]
    """Serves until SIGTERM or SIGINT; requests under way are finished first.

    Sanic's own `run` listens before it hears signals: one that comes in between is lost, and the server never ends.
    """
    asked_to_stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, asked_to_stop.set)
    server: Any = await app.create_server(
        host, port, access_log=False, return_asyncio_server=True, asyncio_server_kwargs={"start_serving": False}
    )
    if server is None:
        raise RuntimeError(f"the action server could not listen on {host}:{port}")
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    await asked_to_stop.wait()
    await server.before_stop()
    server.close()
    ends = asyncio.get_running_loop().time() + app.config.GRACEFUL_SHUTDOWN_TIMEOUT
    while server.connections and asyncio.get_running_loop().time() < ends:
        for connection in list(server.connections):
            connection.close_if_idle()
        await asyncio.sleep(0.05)
    for connection in list(server.connections):
        connection.abort()
    await server.after_stop()


def main() -> None:
    parser = ArgumentParser(description="Serve the custom actions to Rasa.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5055)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    warnings.filterwarnings("ignore", "Your versions of rasa and rasa_sdk", UserWarning)
    try:
        asyncio.run(serve(build_app(), arguments.host, arguments.port))
    except OSError as error:
        raise SystemExit(
            f"The action server can't listen on {arguments.host}:{arguments.port}: {error.strerror}."
        ) from None


if __name__ == "__main__":
    main()
