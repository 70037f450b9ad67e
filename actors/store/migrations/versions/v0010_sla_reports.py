"""The report of each revision of a closed period, and the histories of maintenance windows, which prove its figures."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    """
ALTER TABLE sla_periods
    ADD COLUMN "offset" bigint NOT NULL DEFAULT 0,
    ADD COLUMN made_at timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN customer_name text NOT NULL DEFAULT '',
    ADD COLUMN contract_start timestamptz NOT NULL DEFAULT 'epoch',
    ADD COLUMN contract_end timestamptz,
    ADD COLUMN report jsonb
""",
    """
CREATE TABLE sla_window_histories (
    window_id text PRIMARY KEY,
    history jsonb NOT NULL,
    over_at timestamptz
)
""",
    "CREATE INDEX ix_sla_window_histories_over ON sla_window_histories (over_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
