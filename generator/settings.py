"""Settings of the generator process, read from the environment once."""

import os
from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Each field is an environment variable of the same name in capitals.

    `generator_model`: a folder with a GPT-2 (`config.json`, `model.safetensors`, `tokenizer.json`), or a hub name
    such as `openai-community/gpt2` that the `train` extra fetches once.
    """

    model_config = SettingsConfigDict(protected_namespaces=())

    generator_model: str = str(ROOT / "models" / "base" / "gpt2-frontdesk")
    generator_dir: Path = ROOT / "models" / "generator"
    generator_compute: str = "int8"
    generator_threads: int = os.cpu_count() or 1
    generator_queue: int = 8
    generator_prompt_tokens: int = 400


@cache
def settings() -> Settings:
    return Settings()
