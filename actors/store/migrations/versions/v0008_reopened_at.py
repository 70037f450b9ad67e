"""The event time at which an alarm was last re-opened."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for table in ("alarms", "alarms_archive"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN reopened_at timestamptz")
