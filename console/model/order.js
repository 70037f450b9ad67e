// The order of the list: what an operator must look at first. No DOM, no network, no clock.

/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./board.js").Board} Board */

/** @type {Record<string, number>} */
const RANK = { critical: 0, major: 1, minor: 2, warning: 3, info: 4, cleared: 5 };

/**
 * Worst severity first; in one severity the agreement that breaks first, then the most customers, then the newest.
 * @param {Board} board @param {string[]} ids @returns {string[]}
 */
export function ordered(board, ids) {
  const keyed = ids.map((id) => {
    const alarm = /** @type {Alarm} */ (board.alarms.get(id));
    return {
      id,
      rank: RANK[alarm.severity] ?? 5,
      breach: board.breachOf(alarm),
      customers: alarm.subscriber_count,
      since: alarm.first_occurrence,
    };
  });
  keyed.sort(
    (one, other) =>
      one.rank - other.rank ||
      (one.breach === other.breach ? 0 : one.breach - other.breach) ||
      other.customers - one.customers ||
      (one.since < other.since ? 1 : one.since > other.since ? -1 : one.id < other.id ? -1 : 1),
  );
  return keyed.map((each) => each.id);
}
