// A list that holds still while somebody is in it. No DOM, no network, no clock.

/**
 * @typedef {object} Rows
 * @property {string[]} ids the rows, top to bottom
 * @property {Set<string>} gone rows that are in the list only because it is held
 * @property {string[]} fresh ids that the list would show, and does not while it is held
 */

export class Hold {
  #reasons = new Set();
  /** @type {string[] | null} the order that is held */
  #held = null;
  /** @type {string[]} the order as it would be */
  #wanted = [];

  /** Whether the order stands still. */
  get active() {
    return this.#held !== null;
  }

  /** Begin or end one reason to hold: the pointer, the focus, a selection. @param {string} reason @param {boolean} holds */
  because(reason, holds) {
    if (holds) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    if (this.#reasons.size === 0) this.#held = null;
    else if (this.#held === null) this.#held = this.#wanted;
  }

  /** End every reason: the list shows what it should. */
  release() {
    this.#reasons.clear();
    this.#held = null;
  }

  /** The rows to show now. @param {string[]} wanted ids in their order @returns {Rows} */
  rows(wanted) {
    this.#wanted = wanted;
    if (this.#held === null) return { ids: wanted, gone: new Set(), fresh: [] };
    const there = new Set(wanted), held = new Set(this.#held);
    return {
      ids: this.#held,
      gone: new Set(this.#held.filter((id) => !there.has(id))),
      fresh: wanted.filter((id) => !held.has(id)),
    };
  }
}
