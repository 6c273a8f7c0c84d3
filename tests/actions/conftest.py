"""The actions as Rasa runs them, between neighbours that we play and a migrated SQLite file."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import yaml
from rasa_sdk.executor import ActionExecutor
from sqlalchemy import Engine

from actions.__main__ import SelectiveDomainExecutor
from actions.bootstrap import services
from actions.settings import ROOT, settings
from contracts.database import open_engine
from knowledge.store.migrate import migrate
from tests.actions.neighbours import Neighbour, call, drafts, found, passage

Result = TypeVar("Result")
THRESHOLDS = {
    "reviewed": 0.7,
    "curated": 0.6,
    "ask_back": 0.25,
    "curated_lead": 0.0,
    "passage": 0.25,
    "draft_passages": 2,
    "support": 0.8,
    "no_answer": 0.5,
}


@pytest.fixture(scope="session")
def executor() -> ActionExecutor:
    executor = SelectiveDomainExecutor()
    executor.register_package("actions")
    return executor


@dataclass(frozen=True)
class Said:
    """What an action gave back to Rasa."""

    responses: list[dict[str, Any]]
    slots: dict[str, Any]

    @property
    def text(self) -> str:
        return "\n".join(response["text"] for response in self.responses)

    @property
    def custom(self) -> dict[str, Any]:
        return {key: value for response in self.responses for key, value in response["custom"].items()}

    @property
    def evidence(self) -> dict[str, Any]:
        evidence: dict[str, Any] = self.custom["evidence"]
        return evidence


@dataclass(frozen=True)
class Desk:
    """Actions and everything around them. `conversation` is new for every test."""

    executor: ActionExecutor
    knowledge: Neighbour
    generator: Neighbour
    engine: Engine
    conversation: str

    def run(self, action: str, text: str = "how do I restore a file?", sender: str = "", **more: Any) -> Said:
        return self.run_all(call(action, text, sender or self.conversation, **more))[0]

    def run_all(self, *calls: dict[str, Any]) -> list[Said]:
        """All at once, on one event loop with clients of its own."""
        return self.with_clients(lambda: self.together(*calls))

    async def together(self, *calls: dict[str, Any]) -> list[Said]:
        results = await asyncio.gather(*(self.executor.run(one) for one in calls))
        return [_said(result.model_dump()) for result in results if result]

    async def ask(self, text: str = "how do I restore a file?", **more: Any) -> Said:
        """One question among others that the same clients are asked."""
        return (await self.together(call("action_answer_question", text, f"web-{uuid4().hex}", **more)))[0]

    def with_clients(self, story: Callable[[], Awaitable[Result]]) -> Result:
        """A story on one event loop with clients of its own, which remember what happened before."""

        async def told() -> Result:
            result = await story()
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
            for client in (services().knowledge, services().generator):
                await client._http.aclose()
            return result

        services.cache_clear()
        return asyncio.run(told())


def _said(result: dict[str, Any]) -> Said:
    slots = {event["name"]: event["value"] for event in result["events"] if event["event"] == "slot"}
    return Said(result["responses"], slots)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and no rows, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "frontdesk.db"
    engine = open_engine(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture
def desk(executor: ActionExecutor, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """By default a page is found and a supported draft is made of it."""
    knowledge, generator = Neighbour(), Neighbour()
    knowledge.answers["/search"] = found(passage(1, score=0.5), passage(2, score=0.4), passage(3, score=0.3))
    generator.answers["/draft"] = drafts()
    params = yaml.safe_load((ROOT / "params.yaml").read_text())["answer"] | THRESHOLDS
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"answer": params}))
    for name, value in {
        "KNOWLEDGE_URL": knowledge.address, "GENERATOR_URL": generator.address, "TURN_SECONDS": "2",
        "DATABASE_URL": f"sqlite:///{tmp_path}/frontdesk.db", "PARAMS_FILE": str(tmp_path / "params.yaml"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    shutil.copy(migrated, tmp_path)
    engine = open_engine(f"sqlite:///{tmp_path}/frontdesk.db")
    yield Desk(executor, knowledge, generator, engine, f"web-{uuid4().hex}")
    engine.dispose()
    knowledge.stop()
    generator.stop()
    settings.cache_clear()
    services.cache_clear()
