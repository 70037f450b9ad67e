// Maintenance windows: when they are open, what one hides and costs, and planning another.

import { Component, html } from "../vendor/preact-htm.js";
import { byDay, daysFrom, weekOf } from "../model/calendar.js";
import { PlanWindow } from "../parts/plan_window.js";
import { fact } from "../parts/figures.js";
import { Reads } from "../parts/reads.js";
import { when } from "../parts/times.js";
import { why } from "../wire/rest.js";
import { t } from "../words/words.js";

const WEEKS = 2;
const EVERY = 30;

export class Calendar extends Component {
  /** @param {import("./pages.js").PageProps} props */
  render({ session, now, address, go }) {
    const fields = Object.fromEntries(address), week = Number.parseInt(fields.week ?? "0", 10) || 0, opened = fields.id ?? "", plans = fields.plan === "new";
    const set = (/** @type {Record<string, string>} */ more) => go("calendar", Object.fromEntries(Object.entries({ ...fields, ...more }).filter(([, value]) => value !== "")));
    const days = daysFrom(weekOf(now, week), 7 * WEEKS);
    const span = { from: new Date(days[0]).toISOString(), to: new Date(/** @type {number} */ (days.at(-1))).toISOString() };
    return html`
      <div class="views">
        <nav aria-label=${t("calendar_weeks")}>
          <button onClick=${() => set({ week: String(week - WEEKS) })}>← ${t("calendar_earlier")}</button>
          <button aria-current=${week === 0 ? "page" : undefined} onClick=${() => set({ week: "" })}>${t("calendar_today")}</button>
          <button onClick=${() => set({ week: String(week + WEEKS) })}>${t("calendar_later")} →</button>
        </nav>
        ${session.may && html`<button class="first" onClick=${() => set({ plan: "new", id: "" })}>${t("calendar_plan")}</button>`}
      </div>
      <main class=${`page${opened !== "" || plans ? " split" : ""}`}>
        <div class="scrolls"><${Reads} of=${JSON.stringify(span)} every=${EVERY} read=${(/** @type {AbortSignal} */ signal) => session.rest.get("/maintenance-windows/occurrences", span, signal)}
          shows=${(/** @type {any} */ found) => this.days(days, found, now, opened, (id) => set({ id, plan: "" }))} /></div>
        ${plans && html`<section class="detail" aria-label=${t("calendar_plan")}><${PlanWindow} session=${session} done=${(/** @type {string} */ id) => set({ plan: "", id })} /></section>`}
        ${!plans && opened !== "" && html`<section class="detail" aria-label=${t("calendar_window")}>
          <${Reads} of=${opened} every=${EVERY} read=${(/** @type {AbortSignal} */ signal) => session.rest.get(`/maintenance-windows/${encodeURIComponent(opened)}`, {}, signal)}
            shows=${(/** @type {any} */ window, /** @type {() => void} */ again) => detail(window, session, again, () => set({ id: "" }), go)} /></section>`}
      </main>
    `;
  }

  /** @param {number[]} days @param {any} found @param {number} now @param {string} opened @param {(id: string) => void} open */
  days(days, found, now, opened, open) {
    const language = document.documentElement.lang;
    return html`
      ${!found.complete && html`<p class="wrong">${t("calendar_more", { count: found.items.length })}</p>`}
      ${found.items.length === 0 && html`<p class="nothing">${t("calendar_none")}</p>`}
      <ol class="days">${byDay(days, found.items).map((here, n) => html`<li class=${days[n] <= now && now < days[n + 1] ? "today" : ""}>
        <h2>${new Date(days[n]).toLocaleDateString(language, { weekday: "short", day: "numeric", month: "short" })}</h2>
        <ul>${here.map(({ span, begins, overlaps }) => html`<li class=${Date.parse(span.start) <= now && now < Date.parse(span.end) ? "open" : ""}>
          <button class="link" aria-current=${span.window_id === opened ? "true" : undefined} onClick=${() => open(span.window_id)}>
            <time datetime=${span.start}>${begins ? clock(span.start) : "…"}</time>–<time datetime=${span.end}>${Date.parse(span.end) <= days[n + 1] ? clock(span.end) : "…"}</time> ${span.title}</button>
          ${span.ended_early && html` <small>${t("calendar_ended_early")}</small>`}${overlaps && html` <small>${t("calendar_overlaps")}</small>`}
        </li>`)}</ul>
      </li>`)}</ol>
    `;
  }
}

/** @param {any} window @param {import("../session.js").Session} session @param {() => void} again @param {() => void} close @param {(page: string, fields?: Record<string, string>) => void} go */
function detail(window, session, again, close, go) {
  const act = async (/** @type {() => Promise<unknown>} */ does) => {
    try {
      await does();
      again();
    } catch (error) {
      session.tell(t("failed", { why: why(error) }));
    }
  };
  const path = `/maintenance-windows/${encodeURIComponent(window.id)}`;
  const scope = Object.entries(window.scope).filter(([, names]) => /** @type {any} */ (names).length > 0);
  return html`
    <header><h2>${window.title}</h2><button onClick=${close} aria-label=${t("close")}>✕</button></header>
    <p class="facts">${[window.id, t(`calendar_phase_${window.phase}`), window.tenant_id, window.created_by].filter(Boolean).join(" · ")}</p>
    ${window.description && html`<p class="text">${window.description}</p>`}
    <dl class="figures">
      ${fact(t("calendar_start"), when(window.start))} ${fact(t("calendar_end"), when(window.end))} ${fact(t("calendar_zone"), window.time_zone)}
      ${fact(t("calendar_repeats"), window.recurrence)} ${window.occurrence !== null && fact(t(window.phase === "active" ? "calendar_open_until" : "calendar_next"), when(window.phase === "active" ? window.occurrence.end : window.occurrence.start))}
    </dl>
    <h3>${t("calendar_scope")}</h3>
    <ul>${scope.map(([name, names]) => html`<li>${name.replaceAll("_", " ")}: ${/** @type {string[]} */ (names).join(", ")}</li>`)}</ul>
    ${window.warnings.map((/** @type {string} */ each) => html`<p class="wrong">${each}</p>`)}
    <p>${t("calendar_held", { count: window.held })} ${window.held > 0 && html`<button onClick=${() => go("alarms", { view: "hidden" })}>${t("view_hidden")}</button>`}</p>
    ${session.may && html`<p class="actions">
      ${window.phase === "active" && html`<button onClick=${() => act(() => session.rest.post(`${path}/end`, undefined))}>${t("calendar_end_now")}</button>`}
      ${(window.phase === "active" || window.phase === "upcoming") && html`<button onClick=${() => act(() => session.rest.delete(path))}>${t("calendar_cancel")}</button>`}
    </p>`}
  `;
}

/** @param {string} at */
function clock(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
}
