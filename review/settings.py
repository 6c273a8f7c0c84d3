"""Settings of the review queue: addresses from the environment, how it works from section `review` of `params.yaml`."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings

from contracts.errors import Misconfigured
from contracts.wire import Audience, Wire

ROOT = Path(__file__).resolve().parent.parent
Share = Annotated[float, Field(ge=0, le=1)]


class ReviewParams(Wire):
    """Section `review` of `params.yaml`, where each is explained. `channels`: those reviewed, and who talks there."""

    channels: dict[str, Audience]
    sample_rate: Share
    risk_per_day: int = Field(ge=0)
    risk_for_urgent: Share
    low_support: Share
    low_score: Share
    fallback_texts: tuple[str, ...]
    look_back_hours: float = Field(gt=0)
    claim_minutes: float = Field(gt=0)
    undo_minutes: float = Field(gt=0)
    remind_hours: float = Field(gt=0)
    escalate_hours: float = Field(gt=0)
    gap_days: float = Field(gt=0)
    gap_questions: int = Field(ge=1)
    gap_distance: float = Field(gt=0, le=2)
    gap_same: float = Field(ge=0, le=2)


class Settings(BaseSettings):
    """Each field is an environment variable of the same name in capitals."""

    database_url: str = f"sqlite:///{ROOT}/var/frontdesk.db"
    knowledge_url: str = "http://127.0.0.1:6000"
    gateway_port: int = 8080
    params_file: Path = ROOT / "params.yaml"
    feedback_dir: Path = ROOT / "datasets" / "feedback"

    def params(self) -> ReviewParams:
        """Raises Misconfigured when the section is missing or holds something else than it should."""
        try:
            return ReviewParams.model_validate(self._section("review"))
        except ValidationError as error:
            where = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
            raise Misconfigured(f"{self.params_file.name}: section review is off at {where}.") from error

    def reviewed_threshold(self) -> float:
        """Probability from which an operators' answer is given. Raises Misconfigured when nothing says it."""
        found = self._section("answer").get("reviewed")
        if not isinstance(found, (int, float)):
            raise Misconfigured(
                f"{self.params_file.name}: answer.reviewed is missing; it is a probability from 0 to 1."
            )
        return float(found)

    def _section(self, name: str) -> dict[str, Any]:
        try:
            found = yaml.safe_load(self.params_file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise Misconfigured(f"{self.params_file} can't be read ({type(error).__name__}).") from error
        section = found.get(name) if isinstance(found, dict) else None
        if not isinstance(section, dict):
            raise Misconfigured(f"{self.params_file.name} has no section {name}.")
        return section


@cache
def settings() -> Settings:
    return Settings()
