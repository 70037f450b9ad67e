"""A repeat leaves every index of ``alarms`` alone.

A repeat moves ``last_occurrence``, ``occurrence_count`` and ``revision``. As long as an index was by one of these, PostgreSQL
wrote all twelve for each repeat; now it writes the row's page alone (a heap-only update). Lists by the last occurrence go by
``last_minute``, at most a minute before it, and sort within the minute.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "DROP INDEX alarms_last_occurrence",
    "DROP INDEX alarms_tenant_last_occurrence",
    "DROP INDEX alarms_severity_rank",
    "DROP INDEX alarms_correlation_status",
    # A heap-only update needs room on the row's own page: for a second version of each row, as storms repeat all of them.
    # Before the column is added, which rewrites the table.
    "ALTER TABLE alarms SET (fillfactor = 50)",
    """
    ALTER TABLE alarms ADD COLUMN last_minute timestamptz NOT NULL
    GENERATED ALWAYS AS (date_bin('1 minute', last_occurrence, '2000-01-01 00:00:00+00')) STORED
    """,
    "CREATE INDEX alarms_last_minute ON alarms (last_minute)",
    "CREATE INDEX alarms_tenant_last_minute ON alarms (tenant_id, last_minute)",
    "CREATE INDEX alarms_severity_rank ON alarms (severity_rank, last_minute DESC)",
    # Most alarms are correlated with no other.
    "CREATE INDEX alarms_correlation_status ON alarms (correlation_id, status) WHERE correlation_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
