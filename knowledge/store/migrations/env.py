"""Alembic runs this file: online, on the connection that `knowledge.store.migrate` hands over."""

from alembic import context

from contracts.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
