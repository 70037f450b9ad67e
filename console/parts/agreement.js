// One agreement: its period as a bar, its budget, and how that comes about.

import { html } from "../vendor/preact-htm.js";
import { fact, left, money, share, span } from "./figures.js";
import { Period } from "./period.js";
import { Reads } from "./reads.js";
import { saveFile } from "./save.js";
import { when } from "./times.js";
import { unlessNone } from "../wire/rest.js";
import { t } from "../words/words.js";

const EVERY = 10;

/** @param {{session: import("../session.js").Session, id: string, now: number, go: (page: string, fields?: Record<string, string>) => void}} props */
export function Agreement({ session, id, now, go }) {
  return html`<${Reads} of=${id} every=${EVERY} read=${(/** @type {AbortSignal} */ signal) => readOne(session, id, signal)} shows=${(/** @type {any} */ one) => detail(one, now, session, go)} />`;
}

/** @param {import("../session.js").Session} session @param {string} id @param {AbortSignal} signal */
async function readOne(session, id, signal) {
  const path = `/sla-instances/${encodeURIComponent(id)}`;
  const [one, report, explained, periods] = await Promise.all([
    session.rest.get(path, {}, signal),
    unlessNone(session.rest.get(`${path}/report`, {}, signal), null),
    unlessNone(session.rest.get(`${path}/explain`, {}, signal), null),
    session.rest.get(`${path}/periods`, { limit: 20 }, signal),
  ]);
  return { one, report, lines: explained?.lines ?? [], periods: periods.items };
}

/** @param {any} found @param {number} now @param {import("../session.js").Session} session @param {(page: string, fields?: Record<string, string>) => void} go */
function detail({ one, report, lines, periods }, now, session, go) {
  const alarms = [...new Set((report?.outages ?? []).flatMap((/** @type {any} */ each) => each.alarms))];
  return html`
    <p class="facts">${[one.service_id, one.customer_name || one.customer_id, one.definition_name, t(`sla_status_${one.status}`)].join(" · ")}</p>
    ${one.reason && html`<p class="text">${one.reason}</p>`}
    ${report === null ? html`<p>${t("sla_no_period")}</p>` : html`
      <h3>${t("sla_period")} ${when(report.period_start)} – ${when(report.period_end)}</h3>
      <${Period} report=${report} />
      <dl class="figures">
        ${fact(t("sla_availability"), share(report.availability))} ${fact(t("sla_target"), share(report.availability_target))}
        ${fact(t("sla_budget"), report.error_budget_left === null ? "" : span(report.error_budget_left))} ${fact(t("column_left"), left(one, now))}
        ${fact(t("sla_unknown"), report.unknown_time > 0 ? span(report.unknown_time) : "")} ${fact(t("sla_credit"), money(report.credit_amount, report.currency))}
      </dl>
      ${report.outages.length > 0 && html`<h3>${t("sla_outages")}</h3><ol class="timeline">${report.outages.map((/** @type {any} */ each) => html`<li>${when(each.start)} – ${when(each.end, t("sla_lasts"))} <b>${span(each.counted)} ${t("sla_counted")}</b> ${each.cause} ${each.reason}</li>`)}</ol>`}
      ${report.exclusions.length > 0 && html`<h3>${t("sla_exclusions")}</h3><ol class="timeline">${report.exclusions.map((/** @type {any} */ each) => html`<li>${when(each.start)} – ${when(each.end, t("sla_lasts"))} ${[each.category, each.reason].filter(Boolean).join(" · ")}</li>`)}</ol>`}
      ${report.clocks.length > 0 && html`<h3>${t("sla_clocks")}</h3><ol class="timeline">${report.clocks.map((/** @type {any} */ each) => html`<li><b>${t(`sla_clock_${each.clock}`)} ${each.alarm}</b> ${span(each.elapsed)}${each.limit === null ? "" : ` / ${span(each.limit)}`} · ${each.state.replaceAll("_", " ")} ${each.note}</li>`)}</ol>`}
      ${report.breaches.length > 0 && html`<h3>${t("sla_breaches")}</h3><ol class="timeline">${report.breaches.map((/** @type {any} */ each) => html`<li>${when(each.breach_start)} – ${when(each.breach_end, t("sla_lasts"))} <b>${each.breach_type.replaceAll("_", " ")}</b> ${each.reason} ${[money(each.credit_amount, each.currency), each.alarm_name, each.ticket_id].filter(Boolean).join(" · ")}</li>`)}</ol>`}
      ${alarms.length > 0 && html`<p class="actions">${alarms.slice(0, 8).map((name) => html`<button onClick=${() => go("alarms", { view: "all", text: String(name) })}>${name}</button>`)}</p>`}
      <p class="actions"><button onClick=${() => saveFile(session, `/sla-instances/${encodeURIComponent(one.id)}/report`, { format: "csv" }, `${one.id}.csv`)}>${t("sla_save_csv")}</button>
        <button onClick=${() => saveFile(session, `/sla-instances/${encodeURIComponent(one.id)}/report`, { format: "pdf" }, `${one.id}.pdf`)}>${t("sla_save_pdf")}</button></p>`}
    ${lines.length > 0 && html`<h3>${t("sla_why")}</h3><pre class="text">${lines.join("\n")}</pre>`}
    ${periods.length > 0 && html`<h3>${t("sla_periods")}</h3><ol class="timeline">${periods.map((/** @type {any} */ each) => html`<li>${when(each.period_start)} – ${when(each.period_end)} <b>${share(each.availability)}</b> ${money(each.credit_amount, each.currency)} ${each.reason}</li>`)}</ol>`}
  `;
}
