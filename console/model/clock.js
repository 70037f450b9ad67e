// Ages, times left, and whether the console sees anything. Every function is given the time. No DOM, no network.

/**
 * A duration in at most two units: 42 s, 3:07, 5 h 20, 3 d.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(hours / 24)} d`;
}

/**
 * @typedef {object} Link
 * @property {"connecting" | "open" | "closed" | "refused"} state of the stream
 * @property {boolean} caughtUp a snapshot, or everything since the last frame, has arrived
 * @property {boolean} lagged the stream said so, and its snapshot has not come
 * @property {number} lastFrame ms since 1970 of the last frame; 0: none yet
 * @property {string} refusal why the stream does not take the token
 */

/**
 * @typedef {object} Sight
 * @property {"sees" | "waits" | "blind"} state
 * @property {string} word key of the words that say why; "" when it sees
 * @property {number} age ms since the last frame; -1: none yet
 */

/** Frames that may be missed before the console calls itself blind. */
export const MISSED = 2;

/**
 * Whether the list can be believed. @param {Link} link @param {number} now @param {number} heartbeat ms between heartbeats
 * @returns {Sight}
 */
export function sight(link, now, heartbeat) {
  const age = link.lastFrame === 0 ? -1 : now - link.lastFrame;
  if (link.state === "refused") return { state: "blind", word: "refused", age };
  if (link.state === "closed") return { state: "blind", word: "closed", age };
  if (link.lagged) return { state: "waits", word: "lagged", age };
  if (link.state === "connecting" || !link.caughtUp) return { state: "waits", word: "connecting", age };
  if (age > MISSED * heartbeat) return { state: "blind", word: "silent", age };
  return { state: "sees", word: "", age };
}
