"""The name of a device event is no longer called like the event type of X.733."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE device_events RENAME COLUMN event_type TO event_name")
