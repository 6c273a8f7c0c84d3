"""The arguments of a Web API call, from a query string, a form or a JSON body."""

import json
from typing import Any

from aiohttp import web

from tests.fakes.slack.errors import SlackError

Json = dict[str, Any]


class Arguments(dict[str, Any]):
    """Arguments by name. Forms carry strings only, so booleans, numbers and JSON are read out of those."""

    def text(self, name: str) -> str:
        value = self.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int, most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not value.isdigit() or int(value) < 1:
            raise SlackError("invalid_limit")
        return min(int(value), most)

    def json(self, name: str, error: str) -> Any:
        """An argument that is JSON: as such in a JSON body, as a string in a form."""
        value = self.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as problem:
            raise SlackError(error) from problem


async def read_arguments(request: web.Request, takes_json: bool) -> tuple[Arguments, str | None]:
    """(arguments, warning). A JSON body sent to a method that reads forms only is ignored, as Slack does."""
    arguments = Arguments(request.query)
    if request.method == "GET":
        return arguments, None
    kind = request.content_type
    if kind == "application/json":
        warning = None if request.charset else "missing_charset"
        if takes_json:
            arguments.update(_json_object(await request.text()))
        return arguments, warning
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        arguments.update({key: value for key, value in (await request.post()).items() if isinstance(value, str)})
    elif request.can_read_body and kind != "text/plain" and await request.read():
        raise SlackError("invalid_post_type")
    return arguments, None


def _json_object(body: str) -> Json:
    try:
        decoded = json.loads(body or "{}")
    except ValueError as problem:
        raise SlackError("invalid_json") from problem
    if not isinstance(decoded, dict):
        raise SlackError("json_not_object")
    return decoded
