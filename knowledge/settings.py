"""Settings of the knowledge process, read from the environment once."""

from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Each field is an environment variable of the same name in capitals."""

    database_url: str = f"sqlite:///{ROOT}/var/frontdesk.db"
    index_dir: Path = ROOT / "models" / "index"
    embedding_dir: Path = ROOT / "models" / "base" / "minilm-int8"
    embedding_threads: int = 1
    corrections_poll_seconds: float = Field(default=2.0, gt=0)
    sources_dir: Path = ROOT / "knowledge" / "sources"


@cache
def settings() -> Settings:
    return Settings()
