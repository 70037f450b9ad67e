"""Every metric that faultd exports, in one place. ``docs/metrics.md`` explains each; a test compares the two."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

_FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_MINUTES = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)


# When a counter was made says nothing that the start of the process does not.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """One registry and its metrics. A daemon has one; a test makes its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        def histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...] = _FAST) -> Histogram:
            return Histogram(name, text, labels, registry=registry, buckets=buckets)

        self.traps_received = counter("faultd_traps_received", "Datagrams read from the trap sockets")
        self.traps_accepted = counter("faultd_traps_accepted", "Datagrams that became Events")
        self.traps_dropped = counter("faultd_traps_dropped", "Datagrams refused, by reason", "reason")
        self.traps_answered = counter(
            "faultd_traps_answered", "Datagrams that were protocol exchange only (discovery), answered with a report"
        )
        self.traps_irregular = counter(
            "faultd_traps_irregular", "Traps accepted although they break the standard, by kind", "kind"
        )
        self.traps_unknown = counter("faultd_traps_unknown", "Traps that no profile knows, kept in the inbox")
        self.informs_answered = counter("faultd_informs_answered", "INFORMs answered after their Event was on disk")
        self.informs_repeated = counter("faultd_informs_repeated", "Retransmitted INFORMs, answered again and counted once")
        self.informs_merged = counter("faultd_informs_merged", "Events of retransmitted INFORMs that the fold counted once")
        self.traps_merged = counter("faultd_traps_merged", "Traps that a device repeats by design, counted once")
        self.traps_noise = counter("faultd_traps_noise", "Traps that a profile drops on purpose, by rule", "rule")
        self.kernel_drops = counter("faultd_kernel_drops", "Datagrams that the kernel dropped because the buffer was full")
        self.receive_buffer = gauge("faultd_receive_buffer_bytes", "Receive buffer that the kernel granted", "socket")
        self.events = counter("faultd_events", "Events on the ledger, by kind", "kind")
        self.clock_offset = gauge("faultd_clock_offset_seconds", "Wall clock minus the time that Events are stamped with")
        self.clock_jumps = counter("faultd_clock_jumps", "Jumps of the wall clock: believed, or returned by itself", "outcome")
        self.ledger_commit = histogram("faultd_ledger_commit_seconds", "One group commit of the ledger, fsync included")
        self.ledger_failures = counter("faultd_ledger_failures", "Commits that the disk refused")
        self.ledger_refused = counter("faultd_ledger_refused_events", "Events that the ledger refused")
        self.ledger_offset = gauge("faultd_ledger_offset", "Offset of the newest Event")
        self.ledger_bytes = gauge("faultd_ledger_bytes", "Size of the ledger's files")
        self.ledger_pruned = counter("faultd_ledger_pruned_events", "Events removed after their retention")
        self.consumer_lag = gauge(
            "faultd_consumer_lag_batches", "Recorded batches that a consumer of the feed has not acknowledged", "consumer"
        )
        self.consumer_lag_seconds = gauge(
            "faultd_consumer_lag_seconds", "Age of the oldest batch that a consumer has not acknowledged", "consumer"
        )
        self.snapshot = histogram("faultd_snapshot_seconds", "Storing one snapshot")
        self.snapshot_encoding = histogram(
            "faultd_snapshot_encoding_seconds", "Encoding a stage's state for a snapshot, by stage", "stage"
        )
        self.stage_failures = counter(
            "faultd_stage_failures", "Failures of a stage outside its fold, by stage and method", "stage", "method"
        )
        self.sla_measurements = counter(
            "faultd_sla_measurements", "Measurements of services that were taken or refused, by outcome", "outcome"
        )
        self.quarantined = gauge("faultd_quarantined_events", "Events in quarantine: a stage could not fold them")
        self.fold = histogram("faultd_fold_seconds", "Folding one batch of Events, by stage", "stage")
        self.alarms_active = gauge("faultd_alarms_active", "Alarms not cleared, by severity", "severity")
        self.alarms_refused = counter(
            "faultd_alarms_refused", "Raises that made no alarm because too many are open, by limit: device or all", "reason"
        )
        self.plugin_failures = counter("faultd_plugin_failures", "Times that a correlation plugin failed, by plugin", "plugin")
        self.rules_overflow = counter("faultd_rules_overflow", "Alarms and windows that rules dropped at their limits")
        self.poll_reports_dropped = counter(
            "faultd_poll_reports_dropped", "Reports of pollers about devices that the topology does not have any more"
        )
        self.poll_reads_withheld = counter(
            "faultd_poll_reads_withheld", "Reads of PON ports that were not requested, at the bound of their line card"
        )
        self.agent_times_odd = counter(
            "faultd_agent_times_odd", "Times of SNMP agents that do not follow from those read before, and show no restart"
        )
        self.onts_added = counter("faultd_onts_added", "ONTs that polls found and that were added to the topology")
        self.sla_instances = gauge("faultd_sla_instances", "SLA instances, by status", "status")
        self.sla_deadlines = gauge("faultd_sla_deadlines", "Instants at which the SLA clock will examine something")
        self.sla_examined = counter("faultd_sla_examined", "SLA instances examined")
        self.sla_breaches = counter("faultd_sla_breaches", "SLA breaches opened, by type", "type")
        self.sla_breach_latency = histogram(
            "faultd_sla_breach_latency_seconds", "From the instant at which a breach became true to its opening"
        )
        self.sla_budget_left = gauge(
            "faultd_sla_budget_left_seconds",
            "Least budget of downtime left among the instances of a definition that had an outage in the running period",
            "definition",
        )
        self.notifications_made = counter(
            "faultd_notifications", "Notifications that the dispatcher decided, by channel and kind", "channel", "kind"
        )
        self.notifications_dead = gauge(
            "faultd_notifications_dead", "Notifications that were given up within the last day, by channel", "channel"
        )
        self.first_message = histogram(
            "faultd_first_message_seconds",
            "From the receipt of the report that raised an alarm to the arrival of a first message about it, by channel: with "
            "its hold-down, quiet hours and storms",
            "channel",
            buckets=_MINUTES,
        )
        self.tickets_made = counter("faultd_tickets", "Tickets that the dispatcher wanted, by desk", "desk")
        self.tickets = gauge(
            "faultd_tickets_held", "Tickets that are not closed, or were lately, by desk and state", "desk", "state"
        )
        self.ticket_tasks_dead = gauge(
            "faultd_ticket_tasks_dead", "Tasks of tickets that were given up and wait for a command, by desk", "desk"
        )
        self.ticket_attempts = counter(
            "faultd_ticket_attempts",
            "Attempts at a task of a ticket, by desk and outcome: done, failed (another one follows) or dead (given up)",
            "desk",
            "outcome",
        )
        self.tickets_in_hand = gauge("faultd_tickets_in_hand", "Tickets on which the ticketer has something to do")
        self.desk_polls = counter(
            "faultd_desk_polls",
            "Times that a desk was asked what people changed, by desk and outcome: done or failed",
            "desk",
            "outcome",
        )
        self.desk_calls = counter(
            "faultd_desk_calls",
            "Calls of the desk's webhook, by outcome: accepted, of an unknown ticket, or the reason for which it was refused",
            "outcome",
        )
        self.notification_attempts = counter(
            "faultd_notification_attempts",
            "Attempts to deliver a notification, by channel and outcome: sent, failed (another one follows) or dead (given up)",
            "channel",
            "outcome",
        )
        self.notifications_waiting = gauge(
            "faultd_notifications_waiting", "Notifications that the notifier holds and has not delivered, by channel", "channel"
        )
        self.notifications_oldest = gauge(
            "faultd_notifications_oldest_seconds", "Age of the oldest of those, by channel", "channel"
        )
        self.heartbeats = counter(
            "faultd_heartbeats", "Beats of the dead man's switch, by outcome: sent, or failed (also while not ready)", "outcome"
        )
        self.notifier_breaker = gauge(
            "faultd_notifier_breaker", "A channel's circuit breaker: 0 closed, 1 being tried, 2 open", "channel"
        )
        self.templates_failed = counter(
            "faultd_templates_failed", "Messages with the built-in text since their template failed, by channel", "channel"
        )
        self.windows_active = gauge("faultd_maintenance_windows_active", "Maintenance windows that are open now")
        self.commands = counter("faultd_commands", "Commands from the API, by action and result", "action", "result")
        self.poll_requests = counter(
            "faultd_poll_requests", "SNMP operations that pollers asked for, by outcome: answered, or why not", "outcome"
        )
        self.poll_sent = counter("faultd_poll_datagrams_sent", "Datagrams sent to SNMP agents, retries included")
        self.poll_answers = counter("faultd_poll_answers", "Datagrams of SNMP agents that were answers")
        self.poll_ignored = counter(
            "faultd_poll_ignored", "Datagrams and ICMP errors on the pollers' sockets that were no answer, by reason", "reason"
        )
        self.poll_kernel_drops = counter(
            "faultd_poll_kernel_drops", "Answers that the kernel dropped because the pollers' receive buffer was full"
        )
        self.poll_outstanding = gauge("faultd_poll_outstanding", "SNMP operations under way")
        self.poll_waiting = gauge("faultd_poll_waiting", "SNMP operations that wait for room in the receive buffer")
        self.poll_sockets_reopened = counter("faultd_poll_sockets_reopened", "Sockets of the pollers that failed")
        self.sequence_gaps = counter("faultd_sequence_gaps", "Notifications missing by a vendor's own sequence number")
        self.store_up = gauge("faultd_store_up", "1 when PostgreSQL answers")
        self.embedded_restarts = counter(
            "faultd_embedded_postgres_restarts", "Times the embedded PostgreSQL was gone or hung and was started again"
        )
        self.store_apply = histogram("faultd_store_apply_seconds", "Applying batches to PostgreSQL, one transaction")
        self.store_reconnects = counter("faultd_store_reconnects", "Times the connection to PostgreSQL was lost")
        self.store_trimmed = counter(
            "faultd_store_trimmed_rows", "Oldest rows deleted because a table was full or the rows too old, by table", "table"
        )
        self.store_rejects = counter("faultd_store_rejects", "Changes that PostgreSQL refused, kept in store_rejects")
        self.store_rejected = gauge("faultd_store_rejected_changes", "Rows in store_rejects")
        self.store_reseeds = counter(
            "faultd_store_reseeds", "Times PostgreSQL was filled from the open alarms because the ledger lacked batches"
        )
        self.mailbox_depth = gauge("faultd_mailbox_depth", "Messages waiting", "mailbox")
        self.actor_restarts = counter("faultd_actor_restarts", "Times the supervisor restarted an actor", "actor")
        self.polls = counter(
            "faultd_polls",
            "Polls of devices, by outcome: answered, missed, refused (the agent answered with an error) or skipped (too late)",
            "outcome",
        )
        self.poll_varbinds = counter("faultd_poll_varbinds", "Variable bindings that polled devices sent")
        self.poll_seconds = histogram("faultd_poll_seconds", "One poll of a device that answered, its tables included")
        self.poll_events = counter("faultd_poll_events", "Events of pollers that are on disk, by kind", "kind")
        self.poll_tables_incomplete = counter(
            "faultd_poll_tables_incomplete",
            "Tables not read to their end, which contribute nothing, by kind of part",
            "kind",
        )
        self.poll_oddities = counter("faultd_poll_oddities", "Answers with times that no standard allows")
        self.poll_reads_requested = counter(
            "faultd_poll_reads_requested",
            "Reads that the correlator asked for, by outcome: read, merged (with one that waited), or not_polled",
            "outcome",
        )
        self.poll_measurements = counter(
            "faultd_poll_measurements", "Measurements of devices for the SLA clock, by outcome: sent or dropped", "outcome"
        )
        self.polled_devices = gauge("faultd_polled_devices", "Devices that have a poller")
        self.polled_devices_silent = gauge(
            "faultd_polled_devices_silent", "Polled devices that missed as many polls as are needed"
        )
        self.polling_blind = gauge("faultd_polling_blind", "1 while faultd cannot see its devices (monitoring.blind)")
        self.polled_devices_parked = gauge(
            "faultd_polled_devices_parked", "Devices whose poller crashed too often and is parked"
        )
        self.polled_devices_slowed = gauge(
            "faultd_polled_devices_slowed", "Devices that are polled less often than asked for, since their polls take too long"
        )
        self.olts_left_out = gauge("faultd_olts_left_out", "Polled OLTs without series of their own, since there are too many")
        self.olt_up = gauge("faultd_olt_up", "1 while the OLT answers polls, 0 once it missed one; NaN: not known", "olt")
        self.olt_round_trip = gauge("faultd_olt_round_trip_seconds", "Round trip of the latest answer of an OLT", "olt")
        self.olt_loss = gauge("faultd_olt_loss_ratio", "Share of the latest datagrams to an OLT without an answer", "olt")
        self.olt_poll_seconds = gauge("faultd_olt_poll_seconds", "Average time that a poll of an OLT takes", "olt")
        self.stream_clients = gauge("faultd_stream_clients", "Connected subscribers of the alarm stream")
        self.stream_refused = counter("faultd_stream_refused", "Stream handshakes refused, by reason", "reason")
        self.stream_dropped = counter("faultd_stream_dropped", "Subscribers that faultd ended, by reason", "reason")
        self.stream_lagged = counter("faultd_stream_lagged", "Times a slow subscriber was given a fresh snapshot")
        self.stream_lag = gauge("faultd_stream_lag_batches", "Batches that the slowest subscriber is behind")
        self.stream_frames = counter("faultd_stream_frames", "Frames sent to subscribers", "type")
        self.http_requests = counter(
            "faultd_http_requests", "HTTP requests, by method, route and status", "method", "route", "status"
        )
        self.http_connections_dropped = counter(
            "faultd_http_connections_dropped", "HTTP connections that faultd ended, by reason", "reason"
        )
        self.accept_failures = counter(
            "faultd_accept_failures", "Times no connection could be accepted (API, stream): out of descriptors or memory"
        )
        self.up = gauge("faultd_build_info", "1; the labels say what runs", "version", "python", "trap_path")

    def value(self, sample: str) -> float:
        """The current value of a sample without labels, 0 when there is none (``faultd_store_up``)."""
        return self.registry.get_sample_value(sample) or 0.0
