/**
 * The shapes that the model works on. They are those of the REST API and of the alarm stream; see docs/stream.md.
 *
 * @typedef {"critical" | "major" | "minor" | "warning" | "info" | "cleared"} Severity
 *
 * @typedef {object} Alarm
 * @property {string} id
 * @property {string} alarm_id the name that people say, as A66
 * @property {string} tenant_id
 * @property {string} alarm_type
 * @property {Severity} severity
 * @property {"active" | "acknowledged" | "suppressed" | "cleared" | "resolved"} status
 * @property {string} title
 * @property {string} description
 * @property {string} recommended_action
 * @property {string} resource_type
 * @property {string} resource_id
 * @property {string} resource_name
 * @property {string} device_id
 * @property {string[]} affected_services
 * @property {number} subscriber_count
 * @property {string | null} parent_alarm_id
 * @property {boolean} is_root_cause
 * @property {string} first_occurrence RFC 3339
 * @property {string} last_occurrence
 * @property {number} occurrence_count
 * @property {string | null} cleared_at
 * @property {string | null} acknowledged_at
 * @property {string | null} acknowledged_by
 * @property {string | null} shelved_until
 * @property {string | null} shelved_by
 * @property {{kind: string, by: string}[]} suppressed_by
 * @property {string | null} assigned_to
 * @property {string | null} ticket_id
 * @property {string} symptom
 * @property {Record<string, any>} metadata
 * @property {string[]} tags
 * @property {number} revision
 *
 * @typedef {object} SlaInstance
 * @property {string} id
 * @property {string} service_id
 * @property {string} customer_id
 * @property {string} status
 * @property {string | null} breaches_at
 *
 * @typedef {object} Frame
 * @property {"snapshot" | "changes" | "heartbeat" | "lagged"} type
 * @property {number} seq
 * @property {Alarm[]} [alarms]
 * @property {string[]} [removed]
 * @property {SlaInstance[]} [sla_instances]
 */
export {};
