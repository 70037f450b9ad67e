"""The effect of an alarm on service, and its symptom, as its type had them when it was raised."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("alarms", "alarms_archive"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN service_effect text NOT NULL DEFAULT 'none'")
        op.execute(f"ALTER TABLE {table} ADD COLUMN symptom text NOT NULL DEFAULT 'none'")
