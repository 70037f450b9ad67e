// The alarms as the stream last told them, and what is attributed to each. No DOM, no network, no clock.

/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").SlaInstance} SlaInstance */

const NONE = new Set();

export class Board {
  constructor() {
    /** @type {Map<string, Alarm>} by id */
    this.alarms = new Map();
    /** @type {Map<string, Set<string>>} ids of the open alarms attributed to an alarm, by its id */
    this.below = new Map();
    /** @type {Map<string, SlaInstance>} agreements at risk or breached, by id */
    this.agreements = new Map();
    /** @type {Map<string, Map<string, number>>} breach of each agreement in ms since 1970, by service */
    this.breaches = new Map();
    /** The place of the stream in the ledger, for `since`; null before the first snapshot. @type {number | null} */
    this.seq = null;
    /** Grows with every frame that changed something. */
    this.version = 0;
    /** Grows with every frame that changed an agreement. */
    this.agreementsVersion = 0;
  }

  /** Take one frame of the stream. Returns whether anything changed. @param {Frame} frame */
  apply(frame) {
    this.seq = frame.seq;
    if (frame.type === "lagged" || frame.type === "heartbeat") return false;
    if (frame.type === "snapshot") {
      this.alarms.clear();
      this.below.clear();
      this.agreements.clear();
      this.breaches.clear();
      this.agreementsVersion += 1;
    }
    for (const alarm of frame.alarms ?? []) this.#put(alarm);
    for (const agreement of frame.sla_instances ?? []) this.#putAgreement(agreement);
    for (const id of frame.removed ?? []) {
      this.#drop(id);
      this.#dropAgreement(id);
    }
    this.version += 1;
    return true;
  }

  /** The ids of the open alarms attributed to this one. @param {string} id @returns {ReadonlySet<string>} */
  children(id) {
    return this.below.get(id) ?? NONE;
  }

  /** The open alarm to which this one is attributed, null when it stands alone. @param {Alarm} alarm */
  causeOf(alarm) {
    const cause = alarm.parent_alarm_id === null ? undefined : this.alarms.get(alarm.parent_alarm_id);
    return cause !== undefined && cause.cleared_at === null ? cause : null;
  }

  /**
   * The first breach that the alarm leads to: ms since 1970, Infinity for none.
   * @param {Alarm} alarm
   */
  breachOf(alarm) {
    let first = Infinity;
    if (this.breaches.size === 0) return first;
    for (const service of alarm.affected_services) {
      for (const at of this.breaches.get(service)?.values() ?? []) if (at < first) first = at;
    }
    return first;
  }

  /** @param {Alarm} alarm */
  #put(alarm) {
    const before = this.alarms.get(alarm.id);
    if (before !== undefined) this.#detach(before);
    this.alarms.set(alarm.id, alarm);
    if (alarm.parent_alarm_id !== null && alarm.cleared_at === null) {
      const below = this.below.get(alarm.parent_alarm_id);
      if (below === undefined) this.below.set(alarm.parent_alarm_id, new Set([alarm.id]));
      else below.add(alarm.id);
    }
  }

  /** @param {string} id */
  #drop(id) {
    const before = this.alarms.get(id);
    if (before === undefined) return;
    this.#detach(before);
    this.alarms.delete(id);
  }

  /** @param {Alarm} alarm */
  #detach(alarm) {
    if (alarm.parent_alarm_id === null) return;
    const below = this.below.get(alarm.parent_alarm_id);
    below?.delete(alarm.id);
    if (below?.size === 0) this.below.delete(alarm.parent_alarm_id);
  }

  /** @param {SlaInstance} agreement */
  #putAgreement(agreement) {
    this.#dropAgreement(agreement.id);
    this.agreements.set(agreement.id, agreement);
    this.agreementsVersion += 1;
    if (agreement.breaches_at === null) return;
    const of = this.breaches.get(agreement.service_id) ?? new Map();
    of.set(agreement.id, Date.parse(agreement.breaches_at));
    this.breaches.set(agreement.service_id, of);
  }

  /** @param {string} id */
  #dropAgreement(id) {
    const before = this.agreements.get(id);
    if (before === undefined) return;
    this.agreements.delete(id);
    this.agreementsVersion += 1;
    const of = this.breaches.get(before.service_id);
    of?.delete(id);
    if (of?.size === 0) this.breaches.delete(before.service_id);
  }
}
