// Which causes are new to somebody who listens, and whether they may be heard. No DOM, no network; every function is given the time.

export class Chime {
  /** Causes that were there before, by view: none of them is new. @type {Map<string, Set<string>>} */
  #known = new Map();
  /** ms since 1970 at which the mute ends by itself; 0: not muted */
  mutedUntil = 0;

  /** @param {string[]} views the addresses of the views that sound */
  constructor(views = []) {
    this.views = new Set(views);
  }

  /** Whether this view sounds, muted or not. @param {string} view */
  sounds(view) {
    return this.views.has(view);
  }

  /** @param {string} view */
  toggle(view) {
    if (!this.views.delete(view)) this.views.add(view);
  }

  /** @param {number} now @param {number} minutes */
  mute(now, minutes) {
    this.mutedUntil = now + 60_000 * minutes;
  }

  /** The unacknowledged causes of the view that were not there before, when they may be heard: what is there first is not new,
   * and what comes while it is muted is not told later. @param {string} view @param {string[]} ids @param {number} now @returns {string[]} */
  hear(view, ids, now) {
    const known = this.#known.get(view);
    if (known === undefined) {
      this.#known.set(view, new Set(ids));
      return [];
    }
    const fresh = ids.filter((id) => !known.has(id));
    for (const id of fresh) known.add(id);
    // One that ended and begins again is new again.
    const there = new Set(ids);
    for (const id of known) if (!there.has(id)) known.delete(id);
    return this.sounds(view) && now >= this.mutedUntil ? fresh : [];
  }
}
