"""Alembic's entry: migrations run over the connection that core.migrations hands in."""

from alembic import context

from core.tables import metadata

connection = context.config.attributes["connection"]
# Batch mode on SQLite: it cannot alter a column in place.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
context.run_migrations()
