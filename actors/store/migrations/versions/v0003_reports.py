"""Which Events repeated an alarm; who cleared it, always with its kind; an index by the parent.

``repeat_offsets`` has no index, so that a repeat stays a heap-only update.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_BARE = "cleared_by IS NOT NULL AND cleared_by !~ '^(user|device|faultd):'"

STATEMENTS = (
    "ALTER TABLE alarms ADD COLUMN repeat_offsets bigint[] NOT NULL DEFAULT '{}'",
    # Most alarms have no parent.
    "CREATE INDEX alarms_parent ON alarms (parent_alarm_id) WHERE parent_alarm_id IS NOT NULL",
    f"UPDATE alarms SET cleared_by = 'user:' || cleared_by WHERE {_BARE}",
    f"UPDATE alarms_archive SET cleared_by = 'user:' || cleared_by WHERE {_BARE}",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
