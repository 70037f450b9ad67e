// What the page knows and does: the board, the stream, the order that is held, and the actions. Views redraw on `changed`.

import { Board } from "./model/board.js";
import { Chime } from "./model/chime.js";
import { sight } from "./model/clock.js";
import { Hold } from "./model/hold.js";
import { ordered } from "./model/order.js";
import { read, shown, write } from "./model/views.js";
import { kept, ring } from "./parts/sound.js";
import { Rest, why } from "./wire/rest.js";
import { Stream } from "./wire/stream.js";
import { t } from "./words/words.js";

/** @typedef {import("./model/views.js").View} View */

/** The order changes at most so often, in ms: people cannot read faster, and sorting is what costs. */
const ORDER_EVERY = 250;
const HEARTBEAT = 15_000;
const READINESS_EVERY = 15_000;
/** Seconds in which an action can be taken back. */
export const UNDO_SECONDS = 10;

/** What takes each action back. @type {Record<string, string>} */
const BACK = { acknowledge: "unacknowledge", shelve: "unshelve" };

/**
 * @typedef {object} Toast
 * @property {string} text
 * @property {string[]} ids that were accepted
 * @property {string} back the action that takes it back, "" for none
 * @property {number} until ms since 1970
 */

export class Session {
  board = new Board();
  hold = new Hold();
  chime = new Chime(kept());
  /** @type {Set<string>} */
  ticked = new Set();
  /** @type {string | null} the row of the keyboard */
  current = null;
  /** @type {string | null} the alarm in the panel */
  opened = null;
  /** @type {import("./model/hold.js").Rows} */
  rows = { ids: [], gone: new Set(), fresh: [] };
  /** The alarms of the rows, also of those that faultd holds no more. @type {Map<string, import("./model/types.js").Alarm>} */
  known = new Map();
  /** @type {Record<string, number>} */
  counts = {};
  /** @type {string[]} parts of the daemon that are not well, as sentences */
  unwell = [];
  /** @type {Toast | null} */
  toast = null;
  /** @type {View} */
  view;
  #ended = new AbortController();
  #dirty = true;
  #orderedAt = 0;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;

  /**
   * @param {string} token @param {{me: {name: string, role: string, tenant: string | null}, title: string, views: {name: string, query: string}[]}} start
   * @param {() => void} changed
   */
  constructor(token, start, changed) {
    this.start = start;
    this.rest = new Rest(token);
    this.changed = changed;
    this.view = read(location.search);
    this.stream = new Stream(token, (frame) => this.#take(frame), () => this.board.seq, () => this.#sooner());
    this.stream.open();
    this.#timers.push(setInterval(() => this.#tick(), 1000), setInterval(() => this.#readiness(), READINESS_EVERY));
    window.addEventListener("online", () => this.stream.hurry(), { signal: this.#ended.signal });
    this.#readiness();
  }

  get may() {
    return this.start.me.role !== "viewer";
  }

  /** The address of the view, without its `?`. */
  get query() {
    return write(this.view);
  }

  sight() {
    return sight(this.stream.link, Date.now(), HEARTBEAT);
  }

  /** Show another view; its address is the page's. @param {View} view */
  look(view, remember = true) {
    this.view = view;
    this.hold.release();
    this.ticked.clear();
    const query = write(view);
    if (remember) history.pushState(null, "", query === "" ? location.pathname : `?${query}`);
    this.#order();
    this.changed();
  }

  /** Show the view that an address names. @param {string} query */
  goTo(query) {
    this.look(read(query), false);
  }

  /** Hold the order for a reason, or no more. @param {string} reason @param {boolean} holds */
  holds(reason, holds) {
    this.hold.because(reason, holds);
    this.#dirty = true;
    this.#sooner();
  }

  /** Esc: close what is open, untick, and let the list move; one step at a time. */
  leave() {
    if (this.ticked.size > 0) this.ticked.clear();
    else if (this.opened !== null && !this.hold.active) this.opened = null;
    this.hold.release();
    this.#order();
    this.changed();
  }

  /** @param {string} id */
  tick(id) {
    if (this.ticked.has(id)) this.ticked.delete(id);
    else this.ticked.add(id);
    this.holds("ticked", this.ticked.size > 0);
    this.changed();
  }

  /** @param {number} by rows down, or up */
  move(by) {
    const { ids } = this.rows;
    if (ids.length === 0) return;
    const at = this.current === null ? -1 : ids.indexOf(this.current);
    this.current = ids[Math.min(ids.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    if (this.opened !== null) this.opened = this.current;
    this.holds("keyboard", true);
    this.changed();
  }

  /** @param {string | null} id */
  open(id) {
    this.opened = id;
    if (id !== null) this.current = id;
    this.changed();
  }

  /** The alarms that an action is about: those ticked, else the row of the keyboard. */
  chosen() {
    return this.ticked.size > 0 ? [...this.ticked] : this.current === null ? [] : [this.current];
  }

  /** Do one action on exactly these alarms. @param {string} type @param {string[]} ids @param {Record<string, unknown>} fields */
  async act(type, ids, fields) {
    try {
      const answer = await this.rest.post("/alarms/bulk", { action: { type, ...fields }, alarm_ids: ids });
      const count = answer.accepted.length;
      let text = t(`done_${type}`, { count });
      if (answer.refused.length > 0) text += " " + t("refused_some", { count: answer.refused.length, why: answer.refused[0].detail ?? answer.refused[0].text ?? "" });
      this.toast = { text, ids: answer.accepted, back: count > 0 ? (BACK[type] ?? "") : "", until: Date.now() + UNDO_SECONDS * 1000 };
      this.ticked.clear();
      this.hold.because("ticked", false);
    } catch (error) {
      this.toast = { text: t("failed", { why: why(error) }), ids: [], back: "", until: Date.now() + UNDO_SECONDS * 1000 };
    }
    this.#dirty = true;
    this.changed();
  }

  /** Say something that concerns no alarm for some seconds. @param {string} text */
  tell(text) {
    this.toast = { text, ids: [], back: "", until: Date.now() + UNDO_SECONDS * 1000 };
    this.changed();
  }

  /** Take the latest action back. */
  undo() {
    const toast = this.toast;
    if (toast !== null && toast.back !== "") this.act(toast.back, toast.ids, {});
  }

  end() {
    this.#ended.abort();
    this.stream.end();
    this.#timers.forEach(clearInterval);
    clearTimeout(this.#soon);
  }

  /** @param {import("./model/types.js").Frame} frame */
  #take(frame) {
    if (this.board.apply(frame)) this.#dirty = true;
    this.#sooner();
  }

  /** Redraw within ORDER_EVERY, however much arrives. */
  #sooner() {
    if (this.#soon !== undefined) return;
    const wait = Math.max(0, this.#orderedAt + ORDER_EVERY - Date.now());
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#order();
      this.changed();
    }, wait);
  }

  #order() {
    this.#orderedAt = Date.now();
    this.#dirty = false;
    const { ids, counts } = shown(this.board, this.view, this.start.me.name, this.#orderedAt);
    this.counts = counts;
    this.rows = this.hold.rows(ordered(this.board, ids));
    if (this.stream.link.caughtUp) this.#chime(ids);
    /** @type {Map<string, import("./model/types.js").Alarm>} */
    const known = new Map();
    for (const id of this.opened === null ? this.rows.ids : [...this.rows.ids, this.opened]) {
      const alarm = this.board.alarms.get(id) ?? this.known.get(id);
      if (alarm !== undefined) known.set(id, alarm);
    }
    this.known = known;
    for (const id of this.ticked) if (!this.board.alarms.has(id)) this.ticked.delete(id);
  }

  /** Sound for causes of the view that are new, and say it in the title of a window that nobody sees. @param {string[]} ids */
  #chime(ids) {
    const unseen = ids.filter((id) => this.board.alarms.get(id)?.acknowledged_at === null);
    const fresh = this.chime.hear(this.query, unseen, Date.now());
    if (fresh.length > 0) ring();
    if (document.hidden && fresh.length > 0) document.title = `(${fresh.length}) ${this.start.title}`;
    else if (!document.hidden) document.title = this.start.title;
  }

  #tick() {
    if (this.toast !== null && Date.now() > this.toast.until) this.toast = null;
    if (this.#dirty) this.#order();
    this.changed();
  }

  async #readiness() {
    try {
      const { parts } = await this.rest.readiness();
      this.unwell = Object.entries(parts)
        .filter(([, part]) => /** @type {any} */ (part).status !== "ok")
        .map(([name, part]) => t(`part_${/** @type {any} */ (part).status}`, { part: name, detail: /** @type {any} */ (part).detail }));
    } catch {
      this.unwell = [];
    }
    this.#sooner();
  }
}
