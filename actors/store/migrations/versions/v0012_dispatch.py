"""Tables of dispatch: policies, contacts, rotas, notifications, tickets, and notes on who was not told and why.

The columns are the fields of the records. Generated columns show what is within ``policy`` and ``plan``. There are no foreign
keys: an alarm, a contact and a notification each live as long as their own table keeps them.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    """
CREATE TABLE notification_policies (
    id text PRIMARY KEY,
    policy jsonb NOT NULL,
    origin text NOT NULL CHECK (origin IN ('file', 'api')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    revision bigint NOT NULL,
    key text NOT NULL,
    switched boolean NOT NULL,
    name text GENERATED ALWAYS AS (policy ->> 'name') STORED,
    enabled boolean GENERATED ALWAYS AS (coalesce((policy ->> 'enabled')::boolean, true)) STORED,
    priority integer GENERATED ALWAYS AS (coalesce((policy ->> 'priority')::integer, 0)) STORED,
    tenant_id text GENERATED ALWAYS AS (policy ->> 'tenant_id') STORED
)
""",
    """
CREATE TABLE contacts (
    id text PRIMARY KEY,
    plan jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    revision bigint NOT NULL,
    key text NOT NULL,
    name text GENERATED ALWAYS AS (plan ->> 'name') STORED,
    methods jsonb GENERATED ALWAYS AS (coalesce(plan -> 'methods', '[]')) STORED,
    time_zone text GENERATED ALWAYS AS (coalesce(plan ->> 'time_zone', 'UTC')) STORED,
    tenant_id text GENERATED ALWAYS AS (plan ->> 'tenant_id') STORED,
    customer_id text GENERATED ALWAYS AS (plan ->> 'customer_id') STORED
)
""",
    """
CREATE TABLE rotas (
    id text PRIMARY KEY,
    plan jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    revision bigint NOT NULL,
    key text NOT NULL,
    name text GENERATED ALWAYS AS (plan ->> 'name') STORED,
    time_zone text GENERATED ALWAYS AS (coalesce(plan ->> 'time_zone', 'UTC')) STORED,
    tenant_id text GENERATED ALWAYS AS (plan ->> 'tenant_id') STORED
)
""",
    """
CREATE TABLE notifications (
    id text PRIMARY KEY,
    tenant_id text NOT NULL,
    subject text NOT NULL,
    alarm_ids text[] NOT NULL,
    instance_id text NOT NULL,
    breach_id text NOT NULL,
    policy text NOT NULL,
    step integer NOT NULL,
    channel text NOT NULL,
    "to" text NOT NULL,
    to_name text NOT NULL,
    address text NOT NULL,
    kind text NOT NULL,
    template text NOT NULL,
    facts jsonb NOT NULL,
    thread text NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'sent', 'failed', 'dead')),
    attempts integer NOT NULL,
    sent_at timestamptz,
    answer text NOT NULL,
    fallback_of text NOT NULL,
    detail jsonb NOT NULL,
    revision bigint NOT NULL,
    alarm_id text GENERATED ALWAYS AS (coalesce(alarm_ids[1], '')) STORED
)
""",
    "CREATE INDEX ix_notifications_time ON notifications (created_at, id)",
    "CREATE INDEX ix_notifications_status ON notifications (status, created_at, id)",
    "CREATE INDEX ix_notifications_tenant ON notifications (tenant_id, created_at, id)",
    "CREATE INDEX ix_notifications_alarms ON notifications USING gin (alarm_ids)",
    """
CREATE TABLE tickets (
    id text PRIMARY KEY,
    number bigint NOT NULL,
    tenant_id text NOT NULL,
    desk text NOT NULL,
    key text NOT NULL,
    url text NOT NULL,
    state text NOT NULL CHECK (state IN ('wanted', 'open', 'closed', 'merged')),
    subject text NOT NULL,
    alarm_ids text[] NOT NULL,
    sla_breach_id text NOT NULL,
    priority text NOT NULL,
    team text NOT NULL,
    category text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    customer_id text NOT NULL,
    circuits text[] NOT NULL,
    affected_subscribers bigint NOT NULL,
    metadata jsonb NOT NULL,
    policy text NOT NULL,
    closes boolean NOT NULL,
    resolves_alarm boolean NOT NULL,
    tasks jsonb NOT NULL,
    next_task bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    revision bigint NOT NULL
)
""",
    "CREATE INDEX ix_tickets_time ON tickets (opened_at, id)",
    "CREATE INDEX ix_tickets_state ON tickets (state, opened_at, id)",
    "CREATE INDEX ix_tickets_tenant ON tickets (tenant_id, opened_at, id)",
    "CREATE INDEX ix_tickets_alarms ON tickets USING gin (alarm_ids)",
    """
CREATE TABLE dispatch_notes (
    "offset" bigint NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    tenant_id text NOT NULL,
    subject text NOT NULL,
    alarm_id text NOT NULL,
    policy text NOT NULL,
    text text NOT NULL,
    PRIMARY KEY ("offset", number)
)
""",
    'CREATE INDEX ix_dispatch_notes_alarm ON dispatch_notes (alarm_id, at, "offset", number)',
    "CREATE INDEX ix_dispatch_notes_time ON dispatch_notes (at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
