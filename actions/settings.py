"""Settings of the actions process, read once: addresses from the environment, thresholds from `params.yaml`."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parent.parent


class Thresholds(BaseModel):
    """Section `answer` of `params.yaml`; chosen on the development questions, stored with every answer."""

    reviewed: float
    ask_back: float
    curated: float
    curated_lead: float
    passage: float
    draft_passages: int
    support: float
    no_answer: float


class Settings(BaseSettings):
    """Each field is an environment variable of the same name in capitals."""

    database_url: str = f"sqlite:///{ROOT}/var/frontdesk.db"
    knowledge_url: str = "http://127.0.0.1:6000"
    generator_url: str = "http://127.0.0.1:8000"
    turn_seconds: float = 8.0
    generator_breaker_failures: int = Field(default=3, ge=1)  # in a row, then it isn't asked
    generator_breaker_seconds: float = Field(default=15.0, gt=0)  # for so long
    params_file: Path = ROOT / "params.yaml"

    def thresholds(self) -> Thresholds:
        return Thresholds(**yaml.safe_load(self.params_file.read_text(encoding="utf-8"))["answer"])


@cache
def settings() -> Settings:
    return Settings()
