"""Alembic's entry: run the revisions on the connection that ``actors.store.upgrade`` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="faultd_schema")
with context.begin_transaction():
    context.run_migrations()
