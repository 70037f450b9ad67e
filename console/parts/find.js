// Finding anything: what is typed is looked for in the open alarms, and asked of faultd as a node, a serial number, a customer, a service
// and a ticket. Names that faultd is asked for must be whole.

import { Component, html } from "../vendor/preact-htm.js";
import { says } from "../model/views.js";
import { unlessNone, why } from "../wire/rest.js";
import { t } from "../words/words.js";

const WAIT = 250;
const MOST = 8;

/** @typedef {{kind: string, name: string, text: string, page: string, fields: Record<string, string>}} Hit */

export class Find extends Component {
  /** @type {{text: string, hits: Hit[], asked: string, wrong: string, at: number}} */
  state = { text: "", hits: [], asked: "", wrong: "", at: 0 };
  /** @type {HTMLDialogElement | null} */
  box = null;
  /** @type {AbortController | null} */
  reading = null;

  componentDidMount() {
    this.box?.showModal();
  }

  componentWillUnmount() {
    this.reading?.abort();
    clearTimeout(this.timer);
  }

  /** @param {string} text */
  type(text) {
    this.setState({ text, at: 0, hits: alarmsOf(this.props.session, text), asked: "", wrong: "" });
    clearTimeout(this.timer);
    this.reading?.abort();
    if (text.trim() !== "") this.timer = setTimeout(() => this.ask(text.trim()), WAIT);
  }

  /** @param {string} text */
  async ask(text) {
    const { signal } = (this.reading = new AbortController());
    const { rest } = this.props.session;
    const name = encodeURIComponent(text);
    /** @type {[() => Promise<any>, (found: any) => Hit[]][]} */
    const questions = [
      [() => rest.get(`/topology/nodes/${name}`, {}, signal), (node) => [place("node", node)]],
      [() => rest.get("/topology/onts", { serial: text }, signal), (node) => [place("serial", node)]],
      [() => rest.get("/devices", { limit: 1000 }, signal), (page) => page.items.filter((/** @type {any} */ each) => `${each.name} ${each.addresses.join(" ")}`.toLowerCase().includes(text.toLowerCase())).slice(0, MOST).map((/** @type {any} */ each) => place("device", each))],
      [() => rest.get("/sla-instances", { customer_id: text, limit: MOST }, signal), (page) => page.items.map(agreement)],
      [() => rest.get("/sla-instances", { service_id: text, limit: MOST }, signal), (page) => page.items.map(agreement)],
      [() => rest.get("/alarms", { customer_id: text, limit: MOST }, signal), (page) => page.items.map(shown)],
      [() => rest.get("/tickets", { key: text, limit: MOST }, signal), (page) => page.items.map((/** @type {any} */ each) => ({ kind: "ticket", name: each.key, text: each.title ?? each.state, page: "alarms", fields: { view: "all", text: each.key } }))],
    ];
    let wrong = "";
    const answers = await Promise.all(
      questions.map(async ([ask, made]) => {
        try {
          const answer = await unlessNone(ask(), null);
          return answer === null ? [] : made(answer);
        } catch (error) {
          wrong = why(error);
          return [];
        }
      }),
    );
    if (signal.aborted) return;
    /** @type {Map<string, Hit>} */
    const found = new Map();
    for (const hit of [...answers.flat(), ...alarmsOf(this.props.session, text)]) {
      const key = `${hit.page} ${JSON.stringify(hit.fields)}`;
      if (!found.has(key)) found.set(key, hit);
    }
    this.setState({ hits: [...found.values()], asked: text, wrong });
  }

  /** @param {Hit | undefined} hit */
  follow(hit) {
    if (hit === undefined) return;
    this.props.done();
    this.props.go(hit.page, hit.fields);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { at, hits } = this.state;
    if (event.key === "ArrowDown") this.setState({ at: Math.min(hits.length - 1, at + 1) });
    else if (event.key === "ArrowUp") this.setState({ at: Math.max(0, at - 1) });
    else if (event.key === "Enter") this.follow(hits[at]);
    else return;
    event.preventDefault();
  }

  /** @param {{session: import("../session.js").Session, go: (page: string, fields?: Record<string, string>) => void, done: () => void}} props */
  render({ done }) {
    const { text, hits, asked, at, wrong } = this.state;
    return html`
      <dialog class="find" ref=${(/** @type {HTMLDialogElement | null} */ box) => (this.box = box)} onClose=${done} aria-label=${t("find")}>
        <input type="text" autofocus role="combobox" aria-expanded=${hits.length > 0} aria-controls="found" aria-activedescendant=${hits.length > 0 ? `found-${at}` : undefined} aria-label=${t("find")} placeholder=${t("find_help")}
          value=${text} onInput=${(/** @type {any} */ event) => this.type(event.target.value)} onKeyDown=${(/** @type {KeyboardEvent} */ event) => this.key(event)} />
        <ul id="found" role="listbox" aria-label=${t("find")}>${hits.map((hit, n) => html`<li role="option" id=${`found-${n}`} aria-selected=${n === at} onClick=${() => this.follow(hit)}><b>${hit.name}</b> ${hit.text} <span class="by">${t(`find_${hit.kind}`)}</span></li>`)}</ul>
        <p role="status" class=${wrong === "" ? "by" : "wrong"}>${text.trim() === "" || asked !== text.trim() ? "" : wrong !== "" ? t("find_failed", { why: wrong }) : hits.length === 0 ? t("find_none") : ""}</p>
      </dialog>
    `;
  }
}

/** @param {import("../session.js").Session} session @param {string} text @returns {Hit[]} */
function alarmsOf(session, text) {
  const words = text.toLowerCase().split(/\s+/).filter((each) => each !== "");
  if (words.length === 0) return [];
  const hits = [];
  for (const alarm of session.board.alarms.values()) {
    if (hits.length === MOST) break;
    if (alarm.cleared_at === null && says(alarm, words)) hits.push(shown(alarm));
  }
  return hits;
}

/** @param {any} alarm @returns {Hit} */
function shown(alarm) {
  return { kind: "alarm", name: alarm.alarm_id, text: alarm.title, page: "alarms", fields: { view: "all", text: alarm.alarm_id } };
}

/** @param {string} kind @param {any} node @returns {Hit} */
function place(kind, node) {
  return { kind, name: node.name || node.id, text: [node.id, node.customer_id, node.serial].filter(Boolean).join(" · "), page: "plant", fields: { node: node.id } };
}

/** @param {any} one @returns {Hit} */
function agreement(one) {
  return { kind: "agreement", name: one.id, text: [one.service_id, one.customer_name || one.customer_id, one.definition_name].join(" · "), page: "sla", fields: { id: one.id } };
}
