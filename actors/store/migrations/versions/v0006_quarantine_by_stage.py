"""An Event is in quarantine for each stage that could not fold it."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "ALTER TABLE quarantine ADD COLUMN stage text NOT NULL DEFAULT 'correlator'",
    "ALTER TABLE quarantine DROP CONSTRAINT quarantine_pkey",
    'ALTER TABLE quarantine ADD PRIMARY KEY ("offset", stage)',
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
