"""Migrations: up from nothing, up again, down to nothing, and never behind the declared tables."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from contracts.tables import Base
from knowledge.store.migrate import alembic_config, migrate


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_migrating_makes_every_declared_table(empty_engine: Engine) -> None:
    migrate(empty_engine)
    assert tables(empty_engine) == set(Base.metadata.tables)


def test_migrating_twice_does_nothing_more(empty_engine: Engine) -> None:
    migrate(empty_engine)
    migrate(empty_engine)
    assert tables(empty_engine) == set(Base.metadata.tables)


def test_the_migrations_say_what_the_tables_declare(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_indexes_of_the_declaration_exist(engine: Engine) -> None:
    for table in Base.metadata.tables.values():
        existing = {index["name"] for index in inspect(engine).get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= existing


def test_migrations_can_be_taken_back_and_made_again(engine: Engine) -> None:
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert tables(engine) == set()
    migrate(engine)
    assert tables(engine) == set(Base.metadata.tables)
