// The plant: devices and their pollers, and the topology from node to node.

import { Component, html } from "../vendor/preact-htm.js";
import { duration } from "../model/clock.js";
import { openAt } from "../model/places.js";
import { fact } from "../parts/figures.js";
import { Reads } from "../parts/reads.js";
import { Table } from "../parts/table.js";
import { when } from "../parts/times.js";
import { unlessNone, why } from "../wire/rest.js";
import { t } from "../words/words.js";

const STATES = ["", "down", "unreachable", "parked", "unknown", "up"];
const EVERY = 10;
const ROWS = 200, CHILDREN = 500;

export class Plant extends Component {
  /** @param {import("./pages.js").PageProps} props */
  render({ session, now, address, go }) {
    const fields = Object.fromEntries(address), state = fields.state ?? "", node = fields.node ?? "";
    const set = (/** @type {Record<string, string>} */ more) => go("plant", Object.fromEntries(Object.entries({ ...fields, ...more }).filter(([, value]) => value !== "")));
    const query = { limit: ROWS, ...(state === "" ? {} : { state }) };
    const places = openAt(session.board);
    return html`
      <div class="views">
        <nav aria-label=${t("plant_states")}>${STATES.map((each) => html`<button aria-current=${each === state ? "page" : undefined} onClick=${() => set({ state: each })}>${t(each === "" ? "plant_all" : `plant_state_${each}`)}</button>`)}</nav>
        <form role="search" onSubmit=${(/** @type {any} */ event) => {
          event.preventDefault();
          set({ node: event.target.elements.node.value.trim() });
        }}><label>${t("plant_node")} <input name="node" type="search" value=${node} /></label> <button type="submit">${t("plant_go")}</button></form>
      </div>
      <main class=${`page${node === "" ? "" : " split"}`}>
        <div class="scrolls"><${Reads} of=${JSON.stringify(query)} every=${EVERY} read=${(/** @type {AbortSignal} */ signal) => session.rest.get("/devices", query, signal)}
          shows=${(/** @type {any} */ page) => devices(page, places, now, node, (id) => set({ node: id }))} /></div>
        ${node !== "" && html`<section class="detail" aria-label=${node}>
          <${Reads} of=${node} every=${EVERY} read=${(/** @type {AbortSignal} */ signal) => readNode(session, node, signal)}
            shows=${(/** @type {any} */ found, /** @type {() => void} */ again) => html`<${NodeView} session=${session} found=${found} places=${places} now=${now} again=${again} to=${(/** @type {string} */ id) => set({ node: id })} go=${go} />`} /></section>`}
      </main>
    `;
  }
}

/** @param {import("../session.js").Session} session @param {string} id @param {AbortSignal} signal */
async function readNode(session, id, signal) {
  const path = `/topology/nodes/${encodeURIComponent(id)}`;
  const [node, way, below] = await Promise.all([
    session.rest.get(path, {}, signal),
    session.rest.get(`${path}/path`, {}, signal),
    session.rest.get("/topology", { parent: id, limit: CHILDREN }, signal),
  ]);
  const polled = node.addresses.length > 0;
  const [device, differences] = polled
    ? await Promise.all([
        unlessNone(session.rest.get(`/devices/${encodeURIComponent(id)}`, {}, signal), null),
        unlessNone(session.rest.get(`/devices/${encodeURIComponent(id)}/onts`, {}, signal), { items: [] }),
      ])
    : [null, { items: [] }];
  return { node, ways: way.paths, below: below.items, more: below.next_cursor !== null, device, differences: differences.items };
}

/** @param {any} page @param {import("../model/places.js").Places} places @param {number} now @param {string} opened @param {(id: string) => void} open */
function devices(page, places, now, opened, open) {
  if (page.items.length === 0) return html`<p class="nothing">${t("plant_none")}</p>`;
  return html`<${Table} label=${t("plant_devices")} rows=${page.items} id=${(/** @type {any} */ row) => row.id} opened=${opened} open=${(/** @type {any} */ row) => open(row.id)}
    look=${(/** @type {any} */ row) => (["down", "unreachable", "parked"].includes(row.state) ? "critical" : row.overrun ? "minor" : "info")}
    columns=${[
      { head: t("plant_device"), cell: (/** @type {any} */ row) => row.name || row.id },
      { head: t("plant_state"), cell: (/** @type {any} */ row) => html`<span class="mark" aria-hidden="true"></span>${t(row.polled ? `plant_state_${row.state}` : "plant_not_polled")}` },
      { head: t("plant_alarms"), cell: (/** @type {any} */ row) => places.ofDevice.get(row.id) ?? "", number: true },
      { head: t("plant_heard"), cell: (/** @type {any} */ row) => (row.last_success === null ? "–" : duration(now - Date.parse(row.last_success))), number: true },
      { head: t("plant_round_trip"), cell: (/** @type {any} */ row) => (row.round_trip_ms === null ? "" : `${row.round_trip_ms.toFixed(1)} ms`), number: true },
      { head: t("plant_loss"), cell: (/** @type {any} */ row) => (row.loss_percent >= 0.5 ? `${row.loss_percent.toFixed(0)} %` : ""), number: true },
      { head: t("plant_plan"), cell: (/** @type {any} */ row) => row.plan },
      { head: t("plant_note"), cell: (/** @type {any} */ row) => [row.overrun ? t("plant_overrun") : "", row.slowed, row.last_error === null ? "" : failure(row.last_error)].filter(Boolean).join("; ") },
    ]} />
    ${page.next_cursor !== null && html`<p>${t("plant_first", { count: page.items.length })}</p>`}`;
}

/** @param {any} error a text, or with its reason and time @returns {string} */
function failure(error) {
  return typeof error === "string" ? error : `${error.reason.replaceAll("_", " ")}: ${error.text}`;
}

class NodeView extends Component {
  /** @type {{polled: any, busy: boolean}} */
  state = { polled: null, busy: false };

  /** @param {() => Promise<any>} does */
  async act(does) {
    const { session, again } = this.props;
    this.setState({ busy: true });
    try {
      this.setState({ polled: await does() });
      again();
    } catch (error) {
      session.tell(t("failed", { why: why(error) }));
    }
    this.setState({ busy: false });
  }

  /** @param {{session: import("../session.js").Session, found: any, places: import("../model/places.js").Places, now: number, again: () => void, to: (id: string) => void, go: (page: string, fields?: Record<string, string>) => void}} props */
  render({ session, found, places, now, to, go }) {
    const { node, ways, below, more, device, differences } = found;
    const { polled, busy } = this.state;
    const path = `/devices/${encodeURIComponent(node.id)}`;
    const here = [...session.board.alarms.values()].filter((each) => each.resource_id === node.id && each.cleared_at === null);
    return html`
      <header><h2>${node.name || node.id}</h2><button onClick=${() => to("")} aria-label=${t("close")}>✕</button></header>
      ${ways.map((/** @type {any[]} */ way) => html`<nav class="way" aria-label=${t("plant_way")}>${[...way].reverse().map((each) => (each.id === node.id ? html`<b>${each.name || each.id}</b>` : html`<button class="link" onClick=${() => to(each.id)}>${each.name || each.id}</button> › `))}</nav>`)}
      <dl class="figures">
        ${fact(t("plant_type"), node.type)} ${fact(t("plant_id"), node.id)} ${fact(t("plant_address"), node.addresses.join(", "))} ${fact(t("plant_vendor"), node.vendor)}
        ${fact(t("plant_serial"), node.serial)} ${fact(t("plant_customer"), node.customer_id)} ${fact(t("plant_service"), node.service_id)} ${fact(t("plant_class"), node.sla_class)}
        ${fact(t("plant_area"), node.area)} ${fact(t("plant_phone"), node.phone && html`<a href=${`tel:${node.phone.replace(/[^+\d]/g, "")}`}>${node.phone}</a>`)} ${fact(t("plant_postal"), node.postal_address)}
      </dl>
      ${device !== null && html`
        <h3>${t("plant_poller")}</h3>
        <dl class="figures">
          ${fact(t("plant_state"), t(device.polled ? `plant_state_${device.state}` : "plant_not_polled"))} ${fact(t("plant_plan"), device.plan)} ${fact(t("plant_profile"), device.profile)}
          ${fact(t("plant_heard"), device.last_success === null ? "–" : duration(now - Date.parse(device.last_success)))} ${fact(t("plant_next"), when(device.next_poll))}
          ${fact(t("plant_interval"), `${device.interval_seconds} s`)} ${fact(t("plant_varbinds"), Math.round(device.varbinds_per_minute))} ${fact(t("plant_error"), device.last_error === null ? "" : failure(device.last_error))} ${fact(t("plant_slowed"), device.slowed)}
        </dl>
        ${session.may && device.polled && html`<p class="actions"><button disabled=${busy} onClick=${() => this.act(() => session.rest.post(`${path}/poll`, undefined))}>${t("plant_poll")}</button></p>`}
        <div role="status">${polled !== null && html`<pre class="text">${JSON.stringify(polled, null, 1)}</pre>`}</div>
        ${differences.length > 0 && html`<h3>${t("plant_differences")}</h3>
          <ul>${differences.map((/** @type {any} */ each) => html`<li>${Object.values(each).filter((value) => typeof value === "string" || typeof value === "number").join(" · ")}</li>`)}</ul>
          ${session.start.me.role === "admin" && html`<p class="actions"><button disabled=${busy} onClick=${() => this.act(() => session.rest.post(`${path}/onts`, {}))}>${t("plant_take_over")}</button></p>`}`}`}
      ${here.length > 0 && html`<h3>${t("plant_alarms_here")}</h3><ul>${here.map((each) => html`<li><button class="link" onClick=${() => go("alarms", { view: "all", text: each.alarm_id })}>${each.alarm_id}</button> ${each.title}</li>`)}</ul>`}
      ${below.length > 0 && html`<h3>${t("plant_below", { count: more ? `${below.length}+` : below.length })}</h3>
        <${Table} label=${t("plant_below", { count: below.length })} rows=${below} id=${(/** @type {any} */ row) => row.id} open=${(/** @type {any} */ row) => to(row.id)}
          columns=${[
            { head: t("plant_node"), cell: (/** @type {any} */ row) => row.name || row.id },
            { head: t("plant_type"), cell: (/** @type {any} */ row) => row.type },
            { head: t("plant_alarms"), cell: (/** @type {any} */ row) => places.at.get(row.id) ?? "", number: true },
            { head: t("plant_children"), cell: (/** @type {any} */ row) => row.children || "", number: true },
            { head: t("plant_customer"), cell: (/** @type {any} */ row) => row.customer_id },
          ]} />`}
    `;
  }
}
