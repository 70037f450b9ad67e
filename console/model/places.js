// How many open alarms each place and each device has. No DOM, no network, no clock.

/** @typedef {{at: Map<string, number>, ofDevice: Map<string, number>}} Places by the id of the node, and of the device */

/** @param {import("./board.js").Board} board @returns {Places} */
export function openAt(board) {
  /** @type {Places} */
  const places = { at: new Map(), ofDevice: new Map() };
  for (const alarm of board.alarms.values()) {
    if (alarm.cleared_at !== null) continue;
    places.at.set(alarm.resource_id, (places.at.get(alarm.resource_id) ?? 0) + 1);
    if (alarm.device_id !== "") places.ofDevice.set(alarm.device_id, (places.ofDevice.get(alarm.device_id) ?? 0) + 1);
  }
  return places;
}
