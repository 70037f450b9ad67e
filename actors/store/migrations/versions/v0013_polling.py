"""How a node of the topology is polled."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE topology_nodes
            ADD COLUMN credentials text NOT NULL DEFAULT '',
            ADD COLUMN poll text NOT NULL DEFAULT '',
            ADD COLUMN poll_interval double precision
        """
    )
