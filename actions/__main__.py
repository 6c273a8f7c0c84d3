"""Start the action server: `python -m actions --port 5055 --host 127.0.0.1`.

rasa-sdk's own start command makes one process to watch and one to work; here one does, and listens where it is told. It
also serves `GET /metrics`.
"""

import logging
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


def main() -> None:
    parser = ArgumentParser(description="Serve the custom actions to Rasa.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5055)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    warnings.filterwarnings("ignore", "Your versions of rasa and rasa_sdk", UserWarning)
    build_app().run(arguments.host, arguments.port, single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    main()
