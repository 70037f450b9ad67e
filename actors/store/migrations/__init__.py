"""The schema: Alembic revisions, forward only, in plain SQL."""
