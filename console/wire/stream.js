// The alarm stream: one connection that begins again by itself where it ended.

/** @typedef {import("../model/clock.js").Link} Link */
/** @typedef {import("../model/types.js").Frame} Frame */

const TOKEN_ENDED = 4401;
const SOONEST = 500;
const LATEST = 10_000;

export class Stream {
  #token;
  #take;
  #since;
  #changed;
  /** @type {WebSocket | null} */
  #socket = null;
  #pause = SOONEST;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #ended = false;
  /** @type {Link} */
  link = { state: "connecting", caughtUp: false, lagged: false, lastFrame: 0, refusal: "" };

  /**
   * @param {string} token
   * @param {(frame: Frame) => void} take is given each frame
   * @param {() => number | null} since the last `seq` that was taken
   * @param {() => void} changed is called when `link` changed otherwise than by a frame
   */
  constructor(token, take, since, changed) {
    this.#token = token;
    this.#take = take;
    this.#since = since;
    this.#changed = changed;
  }

  open() {
    const since = this.#since();
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const query = new URLSearchParams({ topic: "alarms,sla_instances" });
    if (since !== null) query.set("since", String(since));
    const socket = new WebSocket(`${scheme}//${location.host}/stream?${query}`, ["bearer", this.#token]);
    this.#socket = socket;
    socket.onopen = () => {
      this.link = { ...this.link, state: "open", caughtUp: since !== null };
      this.#pause = SOONEST;
      this.#changed();
    };
    socket.onmessage = (event) => {
      /** @type {Frame} */
      const frame = JSON.parse(event.data);
      const lagged = frame.type === "lagged" || (this.link.lagged && frame.type !== "snapshot");
      this.link = { ...this.link, lastFrame: Date.now(), caughtUp: frame.type !== "lagged" && (this.link.caughtUp || frame.type === "snapshot"), lagged };
      this.#take(frame);
    };
    socket.onclose = (event) => {
      if (this.#socket !== socket || this.#ended) return;
      this.#socket = null;
      if (event.code === TOKEN_ENDED) {
        this.link = { ...this.link, state: "refused", caughtUp: false, refusal: event.reason };
      } else {
        this.link = { ...this.link, state: "closed", caughtUp: false };
        this.#timer = setTimeout(() => this.open(), this.#pause * (0.5 + Math.random()));
        this.#pause = Math.min(LATEST, this.#pause * 2);
      }
      this.#changed();
    };
  }

  /** Try at once, when the browser says that it has a network again. */
  hurry() {
    if (this.#socket !== null || this.#ended || this.link.state === "refused") return;
    clearTimeout(this.#timer);
    this.open();
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
    this.#socket = null;
  }
}
