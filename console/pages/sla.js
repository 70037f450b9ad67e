// Service level agreements: who breaks next, the period of one of them, and what the periods of a time come to.

import { Component, html } from "../vendor/preact-htm.js";
import { Agreement } from "../parts/agreement.js";
import { fact, left, money, share, span } from "../parts/figures.js";
import { Reads } from "../parts/reads.js";
import { saveFile } from "../parts/save.js";
import { Table } from "../parts/table.js";
import { when } from "../parts/times.js";
import { t } from "../words/words.js";

const STATUSES = ["next", "breached", "at_risk", "suspended", "compliant"];
const ROWS = 200;
const EVERY = 10;
/** What the filters ask for, by the name of the field. */
const FILTERS = ["customer_id", "service_id", "definition_id"];

export class Sla extends Component {
  /** @param {import("./pages.js").PageProps} props */
  render({ session, now, address, go }) {
    const fields = Object.fromEntries(address), show = fields.show ?? "next", opened = fields.id ?? "";
    const set = (/** @type {Record<string, string>} */ more, remember = true) =>
      go("sla", Object.fromEntries(Object.entries({ ...fields, ...more }).filter(([, value]) => value !== "")), remember);
    const query = { limit: ROWS, ...asked(show), ...Object.fromEntries(FILTERS.filter((name) => fields[name]).map((name) => [name, fields[name]])) };
    return html`
      <div class="views">
        <nav aria-label=${t("sla_views")}>
          ${STATUSES.map((each) => html`<button aria-current=${each === show ? "page" : undefined} onClick=${() => set({ show: each, id: "" })}>${t(`sla_show_${each}`)}</button>`)}
          <button aria-current=${show === "report" ? "page" : undefined} onClick=${() => set({ show: "report", id: "" })}>${t("sla_show_report")}</button>
        </nav>
      </div>
      <div class="filters" role="search">
        ${FILTERS.map((name) => html`<label>${t(`sla_${name}`)} <input type="search" value=${fields[name] ?? ""} onChange=${(/** @type {any} */ event) => set({ [name]: event.target.value.trim() })} /></label>`)}
        ${show === "report" && html`<label>${t("sla_from")} <input type="date" value=${fields.from ?? monthStart(now)} onChange=${(/** @type {any} */ event) => set({ from: event.target.value })} /></label>
          <label>${t("sla_to")} <input type="date" value=${fields.to ?? monthEnd(now)} onChange=${(/** @type {any} */ event) => set({ to: event.target.value })} /></label>`}
      </div>
      <main class=${`page${opened === "" ? "" : " split"}`}>
        <div class="scrolls">${show === "report" ? this.report(session, fields, now) : html`<${Reads} of=${JSON.stringify(query)} every=${EVERY}
          read=${(/** @type {AbortSignal} */ signal) => session.rest.get("/sla-instances", query, signal)}
          shows=${(/** @type {any} */ page) => list(page, now, opened, (id) => set({ id }), show)} />`}</div>
        ${opened !== "" && html`<section class="detail" aria-label=${opened}>
          <header><h2>${opened}</h2><button onClick=${() => set({ id: "" })} aria-label=${t("close")}>✕</button></header>
          <${Agreement} session=${session} id=${opened} now=${now} go=${go} />
        </section>`}
      </main>
    `;
  }

  /** The compliance report of a time. @param {import("../session.js").Session} session @param {Record<string, string>} fields @param {number} now */
  report(session, fields, now) {
    const query = {
      period_start: `${fields.from ?? monthStart(now)}T00:00:00Z`,
      period_end: `${fields.to ?? monthEnd(now)}T00:00:00Z`,
      ...(fields.customer_id ? { customer_id: fields.customer_id } : {}),
      ...(fields.service_id ? { service_id: fields.service_id } : {}),
      ...(fields.definition_id ? { sla_definition_id: fields.definition_id } : {}),
    };
    return html`<${Reads} of=${JSON.stringify(query)} read=${(/** @type {AbortSignal} */ signal) => session.rest.get("/sla-compliance", query, signal)}
      shows=${(/** @type {any} */ report) => compliance(report, () => save(session, query))} />`;
  }
}

/** The query of a view. @param {string} show @returns {Record<string, string>} */
function asked(show) {
  return show === "next" ? { sort: "time_to_breach" } : { status: show };
}

/** @param {any} page @param {number} now @param {string} opened @param {(id: string) => void} open @param {string} show */
function list(page, now, opened, open, show) {
  if (page.items.length === 0) return html`<p class="nothing">${t(`sla_none_${show}`)}</p>`;
  return html`
    <${Table} label=${t("page_sla")} rows=${page.items} opened=${opened} id=${(/** @type {any} */ row) => row.id} open=${(/** @type {any} */ row) => open(row.id)} look=${(/** @type {any} */ row) => row.status}
      columns=${[
        { head: t("sla_service"), cell: (/** @type {any} */ row) => `${row.service_id}` },
        { head: t("sla_customer"), cell: (/** @type {any} */ row) => row.customer_name || row.customer_id },
        { head: t("sla_definition"), cell: (/** @type {any} */ row) => row.definition_name },
        { head: t("sla_status"), cell: (/** @type {any} */ row) => html`<span class="mark" aria-hidden="true"></span>${t(`sla_status_${row.status}`)}` },
        { head: t("column_left"), cell: (/** @type {any} */ row) => left(row, now), number: true },
        { head: t("sla_budget"), cell: (/** @type {any} */ row) => (row.error_budget === null ? "" : span(row.error_budget)), number: true },
        { head: t("sla_availability"), cell: (/** @type {any} */ row) => share(row.current_availability), number: true },
        { head: t("sla_credit"), cell: (/** @type {any} */ row) => money(row.credit_amount, row.currency), number: true },
      ]} />
    ${page.next_cursor !== null && html`<p>${t("sla_first", { count: page.items.length })}</p>`}
  `;
}

/** @param {any} report @param {() => void} saves */
function compliance(report, saves) {
  return html`
    <h2>${t("sla_show_report")} ${when(report.period_start)} – ${when(report.period_end)}</h2>
    <dl class="figures">
      ${fact(t("sla_count"), report.periods)} ${fact(t("sla_mean"), share(report.avg_availability))} ${fact(t("sla_breaches"), report.total_breaches)}
      ${report.credits.map((/** @type {any} */ each) => fact(t("sla_credit"), money(each.amount, each.currency)))}
    </dl>
    <p class="actions"><button onClick=${saves}>${t("sla_save_csv")}</button> <button onClick=${() => window.print()}>${t("sla_print")}</button></p>
    <${Table} label=${t("sla_show_report")} rows=${report.items} id=${(/** @type {any} */ row) => `${row.sla_instance_id} ${row.period_start}`} look=${(/** @type {any} */ row) => (row.breach_count > 0 ? "breached" : "")}
      columns=${[
        { head: t("sla_service"), cell: (/** @type {any} */ row) => row.service_id },
        { head: t("sla_customer"), cell: (/** @type {any} */ row) => row.customer_name || row.customer_id },
        { head: t("sla_period"), cell: (/** @type {any} */ row) => html`${when(row.period_start)} – ${when(row.period_end)}${row.closed ? "" : ` (${t("sla_runs")})`}` },
        { head: t("sla_availability"), cell: (/** @type {any} */ row) => share(row.availability), number: true },
        { head: t("sla_down"), cell: (/** @type {any} */ row) => span(row.unplanned_downtime), number: true },
        { head: t("sla_excluded"), cell: (/** @type {any} */ row) => span(row.excluded_time), number: true },
        { head: t("sla_unknown"), cell: (/** @type {any} */ row) => span(row.unknown_time), number: true },
        { head: t("sla_breaches"), cell: (/** @type {any} */ row) => row.breach_count, number: true },
        { head: t("sla_credit"), cell: (/** @type {any} */ row) => money(row.credit_amount, row.currency), number: true },
      ]} />
  `;
}

/** @param {number} now */
function monthStart(now) {
  return `${new Date(now).toISOString().slice(0, 7)}-01`;
}

/** @param {number} now */
function monthEnd(now) {
  const month = new Date(now);
  return new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1)).toISOString().slice(0, 10);
}

/** @param {import("../session.js").Session} session @param {Record<string, string>} query */
function save(session, query) {
  return saveFile(session, "/sla-compliance", { ...query, format: "csv" }, `compliance-${query.period_start.slice(0, 10)}.csv`);
}
