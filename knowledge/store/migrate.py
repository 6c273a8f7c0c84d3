"""Bring a database to the newest shape (Alembic).

python -m knowledge.store.migrate
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from contracts.database import open_engine
from knowledge.settings import settings

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade in one transaction; nothing happens when the database is new enough already."""
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


if __name__ == "__main__":
    migrate(open_engine(settings().database_url))
