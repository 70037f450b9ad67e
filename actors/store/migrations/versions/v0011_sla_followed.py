"""Instances that follow a node of the topology: which node, and the fields that an operator edited."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = (
    """
ALTER TABLE sla_instances
    ADD COLUMN node_id text NOT NULL DEFAULT '',
    ADD COLUMN edited text[] NOT NULL DEFAULT '{}'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
