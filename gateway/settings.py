"""Settings of the gateway process, read from the environment once."""

from functools import cache
from pathlib import Path

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

from contracts.errors import Misconfigured

ROOT = Path(__file__).resolve().parent.parent
KEY_CHARS = 32


class SlackSettings(BaseSettings):
    """Without a bot token there is no Slack. `slack_internal_channels`: ids of channels, with commas between, in which
    staff also get internal passages; in direct messages they always do. `slack_review_channel`: a private channel for
    the review queue, without one there is none; `slack_reviewers`: ids of user groups who may decide there,
    `slack_correctors` those who may write answers, `slack_take_over` those who may talk to customers. These two are the
    reviewers where they are empty; without reviewers every full member of the workspace in that channel may.
    """

    slack_bot_token: str = ""
    slack_signing_secret: str = ""
    slack_app_token: str = ""
    slack_api_url: str = "https://slack.com/api/"
    slack_internal_channels: str = ""
    slack_review_channel: str = ""
    slack_reviewers: str = ""
    slack_correctors: str = ""
    slack_take_over: str = ""

    @property
    def reviewers(self) -> tuple[str, ...]:
        return _listed(self.slack_reviewers)

    @property
    def correctors(self) -> tuple[str, ...]:
        return _listed(self.slack_correctors) or self.reviewers

    @property
    def take_over(self) -> tuple[str, ...]:
        return _listed(self.slack_take_over) or self.reviewers

    @property
    def staff_channels(self) -> tuple[str, ...]:
        return _listed(self.slack_internal_channels)


class Settings(SlackSettings):
    """Each field is an environment variable of the same name in capitals. The first two have no default.

    `session_secret`: one key of 32 characters or more, or several with blanks between, the newest first: that one
    signs, all of them are believed, so that a key can be changed without ending every conversation.
    `allowed_origins`: pages of these origins may use the chat, with commas between, such as
    `https://www.example.com,http://localhost:9000`. The gateway's own origin always may.
    """

    session_secret: str
    operator_token: str = Field(min_length=KEY_CHARS)
    identity_secret: str = ""
    allowed_origins: str = ""
    database_url: str = f"sqlite:///{ROOT}/var/frontdesk.db"
    database_patience_seconds: float = 1.0
    rasa_url: str = "http://127.0.0.1:5005"
    turn_seconds: float = 8.0
    burst_seconds: float = 0.7
    turns_at_once: int = 12
    waiting_in_all: int = 400
    waiting_per_conversation: int = 30
    streams_per_conversation: int = 12
    streams_in_all: int = 2_000
    person_minutes: float = 10.0
    look_seconds: float = 15.0
    session_days: float = 30.0
    secure_cookie: bool = False
    review_look_seconds: float = 5.0
    knowledge_url: str = "http://127.0.0.1:6000"

    @field_validator("session_secret")
    @classmethod
    def _long_keys(cls, secret: str) -> str:
        if not secret.split() or any(len(key) < KEY_CHARS for key in secret.split()):
            raise ValueError(f"every key needs {KEY_CHARS} characters or more")
        return secret

    @field_validator("identity_secret")
    @classmethod
    def _long_or_absent(cls, secret: str) -> str:
        if secret and len(secret) < KEY_CHARS:
            raise ValueError(f"it needs {KEY_CHARS} characters or more")
        return secret

    @model_validator(mode="after")
    def _whole_slack(self) -> "Settings":
        if self.slack_bot_token and not (self.slack_signing_secret or self.slack_app_token):
            raise ValueError("SLACK_BOT_TOKEN needs SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode) too")
        return self

    @property
    def origins(self) -> tuple[str, ...]:
        """Raises Misconfigured for what is no origin: a browser would compare it in vain."""
        said = tuple(origin.strip() for origin in self.allowed_origins.split(",") if origin.strip())
        for origin in said:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2 or "*" in origin:
                raise Misconfigured(
                    f"ALLOWED_ORIGINS: {origin} is no origin. Write scheme, host and port alone: https://www.example.com"
                )
        return said


def _listed(said: str) -> tuple[str, ...]:
    return tuple(said.replace(",", " ").split())


@cache
def settings() -> Settings:
    return Settings()
