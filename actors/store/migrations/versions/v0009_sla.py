"""Tables of service level agreements: definitions, instances, and the history from which a figure can be proven for years.

Columns are named as the fields of REST. Instants are ``timestamptz``, durations exact decimal seconds, money an integer in
minor units of its currency. Generated columns show the same in the units of REST. Nothing loses a microsecond. There are no
foreign keys: an alarm, a node and an instance each live as long as their own table keeps them.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

MONEY = "round({column} / power(10::numeric, minor_digits), minor_digits)"
SECONDS = 'extract(epoch FROM "{end}" - "{start}")'

LIMITS = ",\n    ".join(
    f"{clock}_time_{severity} numeric GENERATED ALWAYS AS (\n"
    f"        round((terms -> '{clock}' ->> '{severity}')::numeric / 60000000, 9)) STORED"
    for clock in ("response", "resolution")
    for severity in ("critical", "major", "minor", "warning")
)
"""Time limits in minutes."""
PERFORMANCE = ",\n    ".join(
    f"{name} numeric GENERATED ALWAYS AS (round((jsonb_path_query_first(\n"
    f"""        terms, '$.performance[*] ? (@.metric == "{metric}").limit') #>> '{{}}')::numeric / {unit}, 6)) STORED"""
    for name, metric, unit in (
        ("max_latency_ms", "latency", 1000),
        ("max_packet_loss_percent", "packet_loss", 10000),
        ("min_bandwidth_mbps", "bandwidth", 1000000),
    )
)

DEFINITIONS = f"""
CREATE TABLE sla_definitions (
    id text NOT NULL,
    version bigint NOT NULL,
    tenant_id text,
    terms jsonb NOT NULL,
    since timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_by text NOT NULL,
    deleted_at timestamptz,
    idempotency_key text NOT NULL,
    name text GENERATED ALWAYS AS (terms ->> 'name') STORED,
    service_type text GENERATED ALWAYS AS (terms ->> 'service_type') STORED,
    availability_target numeric GENERATED ALWAYS AS (
        round((terms ->> 'availability_target')::numeric / 1000000000, 9)) STORED,
    at_risk_percent integer GENERATED ALWAYS AS ((terms ->> 'at_risk_percent')::integer) STORED,
    exclude_maintenance boolean GENERATED ALWAYS AS ((terms ->> 'exclude_maintenance')::boolean) STORED,
    {LIMITS},
    {PERFORMANCE},
    PRIMARY KEY (id, version)
);
"""

INSTANCES = f"""
CREATE TABLE sla_instances (
    id text PRIMARY KEY,
    tenant_id text NOT NULL,
    sla_definition_id text NOT NULL,
    customer_id text NOT NULL,
    service_id text NOT NULL,
    customer_name text NOT NULL,
    resources text[] NOT NULL,
    start_date timestamptz NOT NULL,
    end_date timestamptz,
    monthly_fee_minor bigint NOT NULL,
    currency text NOT NULL,
    minor_digits integer NOT NULL,
    account_manager text NOT NULL,
    suspended boolean NOT NULL,
    origin text NOT NULL CHECK (origin IN ('file', 'api')),
    status text NOT NULL CHECK (status IN ('compliant', 'at_risk', 'breached', 'suspended')),
    reason text NOT NULL,
    breach_count bigint NOT NULL,
    breaches_at timestamptz,
    placed boolean NOT NULL,
    period_start timestamptz,
    period_end timestamptz,
    period_definition_id text NOT NULL,
    period_definition_version bigint NOT NULL,
    former jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    revision bigint NOT NULL,
    idempotency_key text NOT NULL,
    monthly_fee numeric GENERATED ALWAYS AS ({MONEY.format(column="monthly_fee_minor")}) STORED
);
-- An outage moves breaches_at of every instance below it: room on the page for a second version of a row.
ALTER TABLE sla_instances SET (fillfactor = 70);
CREATE INDEX ix_sla_instances_customer ON sla_instances (customer_id, status);
CREATE INDEX ix_sla_instances_service ON sla_instances (service_id);
CREATE INDEX ix_sla_instances_end ON sla_instances (end_date) WHERE end_date IS NOT NULL;
CREATE INDEX ix_sla_instances_definition ON sla_instances (sla_definition_id);
"""

OUTAGES = f"""
CREATE TABLE sla_outages (
    id text PRIMARY KEY,
    number bigint NOT NULL,
    alarm_id uuid,
    alarm_name text NOT NULL,
    alarm_type text NOT NULL,
    title text NOT NULL,
    tenant_id text NOT NULL,
    resource_id text NOT NULL,
    services text[] NOT NULL,
    customers text[] NOT NULL,
    effect text NOT NULL CHECK (effect IN ('outage', 'unknown', 'degraded')),
    severity text NOT NULL,
    parent_alarm_id uuid,
    customer_power boolean NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    moved bigint NOT NULL,
    corrected boolean NOT NULL,
    reason text NOT NULL,
    duration numeric GENERATED ALWAYS AS ({SECONDS.format(start="start_time", end="end_time")}) STORED
);
CREATE INDEX ix_sla_outages_resource ON sla_outages (resource_id, start_time);
CREATE INDEX ix_sla_outages_time ON sla_outages (start_time, end_time);
CREATE INDEX ix_sla_outages_end ON sla_outages (end_time);
CREATE INDEX ix_sla_outages_alarm ON sla_outages (alarm_id);

CREATE TABLE sla_exclusions (
    id text PRIMARY KEY,
    tenant_id text,
    category text NOT NULL CHECK (category IN ('customer', 'force_majeure', 'supplier', 'agreed')),
    scope jsonb NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    reason text NOT NULL,
    rrule text NOT NULL,
    time_zone text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text,
    revision bigint NOT NULL,
    idempotency_key text NOT NULL
);
CREATE INDEX ix_sla_exclusions_time ON sla_exclusions (start_time, end_time);

CREATE TABLE sla_clocks (
    alarm_id uuid PRIMARY KEY,
    tenant_id text NOT NULL,
    raised_at timestamptz NOT NULL,
    severity text NOT NULL,
    acknowledged_at timestamptz,
    ended_at timestamptz,
    alarm_name text NOT NULL,
    ticket_id text NOT NULL,
    times jsonb NOT NULL,
    reason text NOT NULL
);
CREATE INDEX ix_sla_clocks_ended ON sla_clocks (ended_at);

CREATE TABLE sla_measurements (
    sla_instance_id text NOT NULL,
    metric text NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    tenant_id text NOT NULL,
    "limit" bigint NOT NULL,
    worst bigint NOT NULL,
    PRIMARY KEY (sla_instance_id, metric, start_time)
);
CREATE INDEX ix_sla_measurements_end ON sla_measurements (end_time);

CREATE TABLE fault_reports (
    id text PRIMARY KEY,
    tenant_id text NOT NULL,
    customer_id text NOT NULL,
    service_id text NOT NULL,
    reported_at timestamptz NOT NULL,
    text text NOT NULL,
    instances text[] NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    idempotency_key text NOT NULL
);
CREATE INDEX ix_fault_reports_customer ON fault_reports (customer_id, reported_at);
CREATE INDEX ix_fault_reports_time ON fault_reports (reported_at);
"""

VALUE = """
        CASE breach_type
            WHEN 'availability' THEN round({column} / 1000000000::numeric, 9)
            WHEN 'latency' THEN round({column} / 1000::numeric, 3)
            WHEN 'packet_loss' THEN round({column} / 10000::numeric, 4)
            WHEN 'bandwidth' THEN round({column} / 1000000::numeric, 6)
            ELSE round({column} / 60000000::numeric, 9)
        END"""

BREACHES = f"""
CREATE TABLE sla_breaches (
    id text PRIMARY KEY,
    sla_instance_id text NOT NULL,
    tenant_id text NOT NULL,
    sla_definition_id text NOT NULL,
    definition_version bigint NOT NULL,
    customer_id text NOT NULL,
    service_id text NOT NULL,
    breach_type text NOT NULL CHECK (breach_type IN
        ('availability', 'response_time', 'resolution_time', 'latency', 'packet_loss', 'bandwidth')),
    period_start timestamptz NOT NULL,
    breach_start timestamptz NOT NULL,
    breach_end timestamptz,
    target bigint NOT NULL,
    actual bigint NOT NULL,
    alarm_id uuid,
    alarm_name text NOT NULL,
    alarms uuid[] NOT NULL,
    ticket_id text NOT NULL,
    credit_minor bigint NOT NULL,
    currency text NOT NULL,
    minor_digits integer NOT NULL,
    resolved boolean NOT NULL,
    withdrawn boolean NOT NULL,
    reason text NOT NULL,
    revision bigint NOT NULL,
    duration numeric GENERATED ALWAYS AS ({SECONDS.format(start="breach_start", end="breach_end")}) STORED,
    target_value numeric GENERATED ALWAYS AS ({VALUE.format(column="target")}) STORED,
    actual_value numeric GENERATED ALWAYS AS ({VALUE.format(column="actual")}) STORED,
    deviation_percent numeric GENERATED ALWAYS AS (
        CASE WHEN target <> 0 THEN round((actual - target) * 100::numeric / target, 6) END) STORED,
    credit_amount numeric GENERATED ALWAYS AS ({MONEY.format(column="credit_minor")}) STORED
);
CREATE INDEX ix_sla_breaches_time ON sla_breaches (breach_start, breach_end);
CREATE INDEX ix_sla_breaches_resolved ON sla_breaches (resolved, breach_start);
CREATE INDEX ix_sla_breaches_instance ON sla_breaches (sla_instance_id, breach_start);
CREATE INDEX ix_sla_breaches_customer ON sla_breaches (customer_id, breach_start);
CREATE INDEX ix_sla_breaches_alarm ON sla_breaches (alarm_id);
"""

CREDITS = f"""
CREATE TABLE sla_credits (
    sla_instance_id text NOT NULL,
    period_start timestamptz NOT NULL,
    tenant_id text NOT NULL,
    customer_id text NOT NULL,
    currency text NOT NULL,
    minor_digits integer NOT NULL,
    amount_minor bigint NOT NULL,
    lines jsonb NOT NULL,
    final boolean NOT NULL,
    credit_amount numeric GENERATED ALWAYS AS ({MONEY.format(column="amount_minor")}) STORED,
    PRIMARY KEY (sla_instance_id, period_start)
);
CREATE INDEX ix_sla_credits_customer ON sla_credits (customer_id, period_start);
CREATE INDEX ix_sla_credits_period ON sla_credits (period_start);

CREATE VIEW sla_credit_lines AS
SELECT c.sla_instance_id, c.period_start, l.number, c.tenant_id, c.customer_id, l.breach_id, l.rule, l.item, l.arithmetic,
    l.amount AS amount_minor, round(l.amount / power(10::numeric, c.minor_digits), c.minor_digits) AS credit_amount,
    c.currency, c.final
FROM sla_credits AS c
CROSS JOIN LATERAL ROWS FROM (
    jsonb_to_recordset(c.lines) AS (amount bigint, rule text, item text, arithmetic text, breach_id text)
) WITH ORDINALITY AS l (amount, rule, item, arithmetic, breach_id, number);
"""

PERIODS = f"""
CREATE TABLE sla_periods (
    sla_instance_id text NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    -- Halfway: a report of a month has the periods whose middle is in the month, in whatever time zone they begin.
    period_middle timestamptz NOT NULL,
    revision bigint NOT NULL,
    tenant_id text NOT NULL,
    customer_id text NOT NULL,
    service_id text NOT NULL,
    sla_definition_id text NOT NULL,
    definition_version bigint NOT NULL,
    contract_time numeric NOT NULL,
    uptime numeric NOT NULL,
    unplanned_downtime numeric NOT NULL,
    excluded_time numeric NOT NULL,
    unknown_time numeric NOT NULL,
    planned_downtime numeric NOT NULL,
    error_budget numeric,
    availability numeric,
    breach_count bigint NOT NULL,
    credit_minor bigint NOT NULL,
    currency text NOT NULL,
    minor_digits integer NOT NULL,
    reason text NOT NULL,
    closed_by text NOT NULL,
    total_downtime numeric GENERATED ALWAYS AS (unplanned_downtime + planned_downtime) STORED,
    credit_amount numeric GENERATED ALWAYS AS ({MONEY.format(column="credit_minor")}) STORED,
    PRIMARY KEY (sla_instance_id, period_start, revision)
);
CREATE INDEX ix_sla_periods_middle ON sla_periods (period_middle, sla_instance_id, period_start, revision DESC);
CREATE INDEX ix_sla_periods_customer ON sla_periods (customer_id, period_middle);
CREATE INDEX ix_sla_periods_end ON sla_periods (period_end);
"""


def upgrade() -> None:
    for statements in (DEFINITIONS, INSTANCES, OUTAGES, BREACHES, CREDITS, PERIODS):
        for statement in statements.split(";\n"):
            if statement.strip():
                op.execute(statement)
