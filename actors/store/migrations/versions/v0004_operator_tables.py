"""Tables of rules, maintenance windows and topology nodes, which operators make.

Columns are named as the fields of REST. Three more are what a ledger that is begun anew needs: ``switched`` of a rule, and
``local_start`` and ``idempotency_key`` of a window. There are no foreign keys: an alarm may be of a resource that the topology
does not have, and it outlives the rule, the window and the node that it names.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

RULES = """
CREATE TABLE rules (
    id text PRIMARY KEY,
    name text NOT NULL,
    type text NOT NULL,
    description text NOT NULL,
    enabled boolean NOT NULL,
    priority integer NOT NULL,
    tenant_id text,
    time_window double precision NOT NULL,
    conditions jsonb NOT NULL,
    actions jsonb NOT NULL,
    origin text NOT NULL CHECK (origin IN ('file', 'api')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    revision bigint NOT NULL,
    switched boolean NOT NULL
);
"""

WINDOWS = """
CREATE TABLE maintenance_windows (
    id text PRIMARY KEY,
    tenant_id text,
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'upcoming', 'ended', 'cancelled')),
    scope jsonb NOT NULL,
    time_zone text NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    duration_seconds double precision NOT NULL,
    recurrence text NOT NULL,
    exceptions text[] NOT NULL,
    occurrence_start timestamptz,
    occurrence_end timestamptz,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    cancelled_at timestamptz,
    cancelled_by text,
    revision bigint NOT NULL,
    local_start timestamp NOT NULL,
    idempotency_key text NOT NULL
);
CREATE INDEX ix_maintenance_windows_time ON maintenance_windows (start_time, end_time, status);
"""

NODES = """
CREATE TABLE topology_nodes (
    id text PRIMARY KEY,
    type text NOT NULL,
    parents text[] NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    addresses text[] NOT NULL,
    vendor text NOT NULL,
    tenant text NOT NULL,
    customer_id text NOT NULL,
    service_id text NOT NULL,
    serial text NOT NULL,
    area text NOT NULL,
    sla_class text NOT NULL,
    "index" text NOT NULL,
    phone text NOT NULL,
    postal_address text NOT NULL,
    latitude double precision,
    longitude double precision,
    origin text NOT NULL CHECK (origin IN ('file', 'api')),
    revision bigint NOT NULL
);
CREATE INDEX topology_nodes_parents ON topology_nodes USING gin (parents);
CREATE INDEX topology_nodes_customer ON topology_nodes (customer_id) WHERE customer_id <> '';
"""


def upgrade() -> None:
    for statements in (RULES, WINDOWS, NODES):
        for statement in statements.split(";\n"):
            if statement.strip():
                op.execute(statement)
