// The views of the list: which alarms each shows, and the address that names it. No DOM, no network, no clock.

/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./board.js").Board} Board */

/**
 * @typedef {object} View
 * @property {string} view one of NAMES
 * @property {string[]} severity empty: all
 * @property {string} text words that must all stand in title, resource, type, name or owner; empty: all
 * @property {string} tenant empty: all
 */

export const NAMES = ["causes", "all", "unacknowledged", "mine", "shelved", "hidden"];
export const SEVERITIES = ["critical", "major", "minor", "warning", "info"];

/** Whether a maintenance window or a rule hides the alarm, so that nobody is told of it. @param {Alarm} alarm */
export function hidden(alarm) {
  return alarm.suppressed_by.some((each) => each.kind === "window" || each.kind === "rule");
}

/** @param {Alarm} alarm @param {number} now ms since 1970 */
export function shelved(alarm, now) {
  return alarm.shelved_until !== null && Date.parse(alarm.shelved_until) > now;
}

/** @type {Record<string, (alarm: Alarm, board: Board, who: string, now: number) => boolean>} */
const SHOWS = {
  causes: (alarm, board, _who, now) => board.causeOf(alarm) === null && !shelved(alarm, now) && !hidden(alarm),
  all: () => true,
  unacknowledged: (alarm, board, who, now) => SHOWS.causes(alarm, board, who, now) && alarm.acknowledged_at === null,
  mine: (alarm, _board, who) => who !== "" && alarm.assigned_to === who,
  shelved: (alarm, _board, _who, now) => shelved(alarm, now),
  hidden: (alarm, board) => board.causeOf(alarm) === null && hidden(alarm),
};

/** @param {Alarm} alarm @param {string[]} words in lower case */
export function says(alarm, words) {
  const text = `${alarm.title} ${alarm.resource_id} ${alarm.alarm_type} ${alarm.alarm_id} ${alarm.assigned_to ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/**
 * The ids of the open alarms that the view shows, and how many alarms each view shows beside the same filters.
 * @param {Board} board @param {View} view @param {string} who the caller's name @param {number} now
 * @returns {{ids: string[], counts: Record<string, number>}}
 */
export function shown(board, view, who, now) {
  const words = view.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  /** @type {string[]} */
  const ids = [];
  /** @type {Record<string, number>} */
  const counts = Object.fromEntries(NAMES.map((name) => [name, 0]));
  for (const alarm of board.alarms.values()) {
    if (alarm.cleared_at !== null) continue;
    if (view.severity.length > 0 && !view.severity.includes(alarm.severity)) continue;
    if (view.tenant !== "" && alarm.tenant_id !== view.tenant) continue;
    if (words.length > 0 && !says(alarm, words)) continue;
    for (const name of NAMES) {
      if (!SHOWS[name](alarm, board, who, now)) continue;
      counts[name] += 1;
      if (name === view.view) ids.push(alarm.id);
    }
  }
  return { ids, counts };
}

/** The view that an address names; what it does not know is as if it were not there. @param {string} query @returns {View} */
export function read(query) {
  const given = new URLSearchParams(query);
  const view = given.get("view") ?? "causes";
  return {
    view: NAMES.includes(view) ? view : "causes",
    severity: SEVERITIES.filter((each) => (given.get("severity") ?? "").split(",").includes(each)),
    text: given.get("text") ?? "",
    tenant: given.get("tenant") ?? "",
  };
}

/** What stands behind the `?` of the view's address, "" for the plain list of causes. @param {View} view */
export function write(view) {
  const query = new URLSearchParams();
  if (view.view !== "causes") query.set("view", view.view);
  if (view.severity.length > 0) query.set("severity", view.severity.join(","));
  if (view.text !== "") query.set("text", view.text);
  if (view.tenant !== "") query.set("tenant", view.tenant);
  return query.toString();
}
