"""Alarms and their history, the inbox, the quarantine and the store's cursor.

Names stay names: severity and status are text with a CHECK. Sorting by severity uses ``severity_rank``, a generated column.
Columns of ``alarms`` are named as the fields of ``protocols.alarm.Alarm``; ``live`` ends when the correlator lets go of it.
"""

from alembic import op

revision = "0001"
down_revision = None

ALARMS = """
CREATE TABLE alarms (
    id uuid NOT NULL,
    alarm_id text NOT NULL,
    tenant_id text NOT NULL,
    source text NOT NULL CHECK (source IN ('network_device', 'monitoring', 'cpe', 'service', 'system', 'api')),
    alarm_type text NOT NULL,
    qualifier text NOT NULL,
    event_type text NOT NULL,
    probable_cause text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'major', 'minor', 'warning', 'info', 'cleared')),
    status text NOT NULL CHECK (status IN ('active', 'acknowledged', 'suppressed', 'cleared', 'resolved')),
    title text NOT NULL,
    description text NOT NULL,
    recommended_action text NOT NULL,
    resource_type text NOT NULL,
    resource_id text NOT NULL,
    resource_name text NOT NULL,
    device_id text NOT NULL,
    affected_customers text[] NOT NULL,
    affected_services text[] NOT NULL,
    subscriber_count bigint NOT NULL,
    correlation_id text,
    parent_alarm_id text,
    is_root_cause boolean NOT NULL,
    first_occurrence timestamptz NOT NULL,
    last_occurrence timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    occurrence_count bigint NOT NULL,
    cleared_at timestamptz,
    cleared_by text,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz,
    resolved_by text,
    shelved_until timestamptz,
    shelved_by text,
    suppressed_by jsonb NOT NULL,
    assigned_to text,
    ticket_id text,
    metadata jsonb NOT NULL,
    tags text[] NOT NULL,
    revision bigint NOT NULL,
    live boolean NOT NULL DEFAULT true,
    severity_rank smallint NOT NULL GENERATED ALWAYS AS (
        CASE severity WHEN 'critical' THEN 0 WHEN 'major' THEN 1 WHEN 'minor' THEN 2 WHEN 'warning' THEN 3 WHEN 'info' THEN 4
        ELSE 5 END
    ) STORED,
    PRIMARY KEY (id)
);
-- Repeats rewrite rows all the time: room on the page, and a vacuum before the table has grown by a fifth.
ALTER TABLE alarms SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- Not unique: a ledger begun anew counts from A1 again, and the old one's alarms stay as history.
CREATE INDEX alarms_alarm_id ON alarms (alarm_id);
CREATE INDEX alarms_tenant_status ON alarms (tenant_id, status);
CREATE INDEX alarms_tenant_severity ON alarms (tenant_id, severity);
CREATE INDEX alarms_resource ON alarms (resource_type, resource_id);
CREATE INDEX alarms_correlation_status ON alarms (correlation_id, status);
CREATE INDEX alarms_last_occurrence ON alarms (last_occurrence, id);
CREATE INDEX alarms_tenant_last_occurrence ON alarms (tenant_id, last_occurrence, id);
CREATE INDEX alarms_severity_rank ON alarms (severity_rank, last_occurrence DESC, id DESC);
CREATE INDEX alarms_device ON alarms (device_id);
CREATE INDEX alarms_customers ON alarms USING gin (affected_customers);
CREATE INDEX alarms_to_archive ON alarms (cleared_at) WHERE NOT live;
"""

ARCHIVE = """
CREATE TABLE alarms_archive (LIKE alarms INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED, PRIMARY KEY (id));
CREATE INDEX alarms_archive_alarm_id ON alarms_archive (alarm_id);
CREATE INDEX alarms_archive_last_occurrence ON alarms_archive (last_occurrence, id);
CREATE INDEX alarms_archive_resource ON alarms_archive (resource_type, resource_id);
"""

TIMELINE = """
CREATE TABLE alarm_timeline (
    alarm_id uuid NOT NULL,
    tenant_id text NOT NULL,
    "offset" bigint NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    text text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (at, "offset", number)
) PARTITION BY RANGE (at);
CREATE INDEX alarm_timeline_alarm ON alarm_timeline (alarm_id, at, "offset", number);
-- For clocks that are centuries off; every month from 2000 to 2099 has a partition of its own, made when first needed.
CREATE TABLE alarm_timeline_other PARTITION OF alarm_timeline DEFAULT;
"""

EVENTS = """
CREATE TABLE device_events (
    "offset" bigint NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    tenant_id text NOT NULL,
    device_id text NOT NULL,
    resource_type text NOT NULL,
    resource_id text NOT NULL,
    event_type text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'major', 'minor', 'warning', 'info', 'cleared')),
    title text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (at, "offset", number)
);
CREATE INDEX device_events_device ON device_events (device_id, at, "offset", number);
CREATE INDEX device_events_tenant ON device_events (tenant_id, at, "offset", number);

CREATE TABLE unknown_traps (
    "offset" bigint NOT NULL,
    at timestamptz NOT NULL,
    tenant_id text NOT NULL,
    device_id text NOT NULL,
    trap_oid text NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    trap jsonb NOT NULL,
    PRIMARY KEY (at, "offset")
);
CREATE INDEX unknown_traps_oid ON unknown_traps (trap_oid, at, "offset");
CREATE TABLE unknown_trap_counts (
    tenant_id text NOT NULL,
    trap_oid text NOT NULL,
    traps bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, trap_oid)
);

CREATE TABLE quarantine (
    "offset" bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    error text NOT NULL
);

CREATE TABLE store_rejects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    seq bigint NOT NULL,
    "offset" bigint NOT NULL,
    kind text NOT NULL,
    error text NOT NULL,
    change text NOT NULL
);

CREATE TABLE faultd_cursor (
    consumer text PRIMARY KEY,
    ledger_id text NOT NULL,
    seq bigint NOT NULL,
    -- What the batch ``seq`` was, to tell it from one that a restored ledger gives the same number.
    events_through bigint NOT NULL DEFAULT 0,
    recorded_at timestamptz
);
"""


def upgrade() -> None:
    for statements in (ALARMS, ARCHIVE, TIMELINE, EVENTS):
        for statement in statements.split(";\n"):
            if statement.strip():
                op.execute(statement)
