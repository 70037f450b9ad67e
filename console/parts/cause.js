// The panel of one alarm: why, what to do, the plant below, the customers, who was told, and what happened.

import { Component, html } from "../vendor/preact-htm.js";
import { duration } from "../model/clock.js";
import { Pon } from "./pon.js";
import { byClass, sure } from "./list.js";
import { RestError } from "../wire/rest.js";
import { t } from "../words/words.js";

/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../model/types.js").Alarm} Alarm */

const ENTRIES = 50;
const CUSTOMERS = 50;

export class Cause extends Component {
  /** @type {{id: string, timeline: any[] | null, customers: any[] | null, told: any | null, port: string | null, nodes: any[] | null, wrong: string}} */
  state = empty("");
  /** @type {AbortController | null} */
  reading = null;

  componentDidMount() {
    this.read();
  }

  componentDidUpdate() {
    const { alarm } = this.props;
    if (alarm.id !== this.state.id) this.read();
    else if (alarm.revision !== this.revision) this.readTimeline();
  }

  componentWillUnmount() {
    this.reading?.abort();
  }

  async read() {
    const { alarm, session } = this.props;
    this.reading?.abort();
    const { signal } = (this.reading = new AbortController());
    this.setState(empty(alarm.id));
    await Promise.all([this.readTimeline(), this.readPlant(session, alarm, signal), this.readCustomers(session, alarm, signal)]);
  }

  async readTimeline() {
    const { alarm, session } = this.props;
    this.revision = alarm.revision;
    const signal = this.reading?.signal;
    await this.quietly(async () => {
      const path = `/alarms/${encodeURIComponent(alarm.id)}`;
      const timeline = await session.rest.get(`${path}/timeline`, { latest_first: "true", limit: ENTRIES }, signal);
      const told = await session.rest.get(`${path}/notifications`, {}, signal);
      if (this.state.id === alarm.id) this.setState({ timeline: timeline.items, told });
    });
  }

  /** @param {Session} session @param {Alarm} alarm @param {AbortSignal} signal */
  async readCustomers(session, alarm, signal) {
    if (alarm.subscriber_count === 0) return;
    await this.quietly(async () => {
      const found = await session.rest.get(`/alarms/${encodeURIComponent(alarm.id)}/customers`, { limit: CUSTOMERS }, signal);
      this.setState({ customers: found.items });
    });
  }

  /** The plant below the PON port that the alarm is on, or is below of. @param {Session} session @param {Alarm} alarm @param {AbortSignal} signal */
  async readPlant(session, alarm, signal) {
    await this.quietly(async () => {
      const way = await session.rest.get(`/topology/nodes/${encodeURIComponent(alarm.resource_id)}/path`, {}, signal);
      const port = way.paths.flat().find((/** @type {any} */ node) => node.type === "pon");
      if (port === undefined) return;
      const nodes = [];
      /** @type {string | null} */
      let cursor = null;
      do {
        const page = await session.rest.get(`/topology/nodes/${encodeURIComponent(port.id)}/subtree`, { limit: 1000, ...(cursor === null ? {} : { cursor }) }, signal);
        nodes.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== null);
      this.setState({ port: port.id, nodes });
    });
  }

  /** @param {() => Promise<void>} read */
  async quietly(read) {
    try {
      await read();
    } catch (error) {
      if (error instanceof RestError && error.status !== 404) this.setState({ wrong: error.message });
    }
  }

  /** @param {{session: Session, alarm: Alarm, now: number, act: (type: string, ids: string[]) => void}} props */
  render({ session, alarm, now, act }) {
    const { timeline, customers, told, port, nodes, wrong } = this.state;
    const ids = [alarm.id];
    const breach = session.board.breachOf(alarm);
    const below = session.board.children(alarm.id).size;
    return html`
      <section class=${`cause ${alarm.severity}`} aria-label=${alarm.title}>
        <header>
          <h2><span class="mark" aria-hidden="true"></span>${alarm.title}</h2>
          <button onClick=${() => session.open(null)} aria-label=${t("close")}>✕</button>
        </header>
        <p class="facts">
          ${[alarm.cleared_at === null ? t(`severity_${alarm.severity}`) : t("gone"), alarm.alarm_id, alarm.alarm_type].join(" · ")}
          ${" · "}${t("since")} ${duration(now - Date.parse(alarm.first_occurrence))} · ${t("seen", { count: alarm.occurrence_count, when: local(alarm.last_occurrence) })}
          ${alarm.acknowledged_by === null ? "" : html` · ${t("acknowledged")} ${alarm.acknowledged_by}`}
        </p>
        ${session.may &&
        html`<p class="actions">
          ${alarm.acknowledged_at === null
            ? html`<button onClick=${() => act("acknowledge", ids)}>${t("acknowledge")} <kbd>a</kbd></button>`
            : html`<button onClick=${() => session.act("unacknowledge", ids, {})}>${t("unacknowledge")}</button>`}
          <button onClick=${() => session.act("assign", ids, { assigned_to: session.start.me.name })}>${t("assign_me")}</button>
          ${alarm.shelved_until === null
            ? html`<button onClick=${() => act("shelve", ids)}>${t("shelve")} <kbd>s</kbd></button>`
            : html`<button onClick=${() => session.act("unshelve", ids, {})}>${t("unshelve")}</button>`}
          <button onClick=${() => act("note", ids)}>${t("note")} <kbd>n</kbd></button>
          <button onClick=${() => act("clear", ids)}>${t("clear")} <kbd>c</kbd></button>
        </p>`}
        <dl class="figures">
          ${fact("column_customers", alarm.subscriber_count || "")} ${fact("column_classes", byClass(alarm))}
          ${fact("column_left", breach === Infinity ? "" : breach <= now ? t("broken") : duration(breach - now))}
          ${fact("column_sure", sure(alarm))} ${fact("column_owner", alarm.assigned_to ?? "")} ${fact("ticket", alarm.ticket_id ?? "")}
        </dl>
        ${alarm.description && html`<h3>${t("why")}</h3><p class="text">${alarm.description}</p>`}
        ${alternatives(alarm)}
        ${alarm.recommended_action && html`<h3>${t("what_to_do")}</h3><p class="text">${alarm.recommended_action}</p>`}
        ${nodes !== null && html`<h3>${t("plant")}</h3><${Pon} session=${session} nodes=${nodes} root=${port} broken=${alarm.resource_id} />`}
        ${below > 0 && symptoms(session, alarm.id, below)}
        ${customers !== null && customers.length > 0 && people(customers, alarm.subscriber_count)}
        ${told !== null && sent(told)}
        <h3>${t("timeline")}</h3>
        ${timeline === null ? html`<p>${wrong === "" ? t("loading") : t("unread", { why: wrong })}</p>` : entries(timeline)}
      </section>
    `;
  }
}

/** The alarms attributed to this one, by type. @param {Session} session @param {string} id @param {number} count */
function symptoms(session, id, count) {
  /** @type {Map<string, number>} */
  const types = new Map();
  for (const child of session.board.children(id)) {
    const type = session.board.alarms.get(child)?.alarm_type ?? "";
    types.set(type, (types.get(type) ?? 0) + 1);
  }
  return html`<h3>${t("symptoms", { count })}</h3>
    <p>${[...types].map(([type, number]) => `${type} ${number}`).join(" · ")}</p>`;
}

/** @param {string} id */
function empty(id) {
  return { id, timeline: null, customers: null, told: null, port: null, nodes: null, wrong: "" };
}

/** @param {string} key @param {string | number} value */
function fact(key, value) {
  return value === "" ? null : html`<div><dt>${t(key)}</dt><dd>${value}</dd></div>`;
}

/** Other explanations with their weight, where the correlator names some. @param {Alarm} alarm */
function alternatives(alarm) {
  const found = alarm.metadata.alternatives;
  if (!Array.isArray(found) || found.length === 0) return null;
  return html`<h3>${t("alternatives")}</h3>
    <ul class="alternatives">
      ${found.map((each) => html`<li>${typeof each === "object" && each !== null ? Object.values(each).join(" · ") : String(each)}</li>`)}
    </ul>`;
}

/** @param {any[]} customers @param {number} total */
function people(customers, total) {
  return html`<h3>${t("customers")}</h3>
    <ul class="people">
      ${customers.map((each) => html`<li><b>${each.name || each.customer_id}</b> ${each.phone && html`<a href=${`tel:${each.phone.replace(/[^+\d]/g, "")}`}>${each.phone}</a>`} ${each.postal_address}</li>`)}
      ${total > customers.length && html`<li>${t("more", { count: total - customers.length })}</li>`}
    </ul>`;
}

/** @param {any} told */
function sent(told) {
  const items = told.notifications;
  return html`<h3>${t("sent")}</h3>
    ${items.length === 0 && html`<p>${t("nobody_told")} ${told.why}</p>`}
    <ul class="told">
      ${items.map((/** @type {any} */ each) => html`<li>${[each.to_name || each.address || each.to, each.channel, each.status].filter(Boolean).join(" · ")}</li>`)}
      ${told.notes.map((/** @type {any} */ each) => html`<li>${each.text}</li>`)}
    </ul>`;
}

/** @param {any[]} timeline */
function entries(timeline) {
  return html`<ol class="timeline">
    ${timeline.map((each) => html`<li><time>${local(each.at)}</time> <b>${each.action.replaceAll("_", " ")}</b> <span class="by">${each.actor}</span> ${each.text}</li>`)}
  </ol>`;
}

/** @param {string} at RFC 3339 */
function local(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang, { hour12: false });
}
