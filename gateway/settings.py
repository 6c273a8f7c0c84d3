"""Settings of the gateway process, read from the environment once."""

from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Each field is an environment variable of the same name in capitals. `session_secret` has no default."""

    session_secret: str = Field(min_length=32)
    database_url: str = f"sqlite:///{ROOT}/var/frontdesk.db"
    rasa_url: str = "http://127.0.0.1:5005"
    turn_seconds: float = 8.0
    turns_at_once: int = 32
    waiting_per_conversation: int = 10
    session_days: int = 30
    secure_cookie: bool = False


@cache
def settings() -> Settings:
    return Settings()
