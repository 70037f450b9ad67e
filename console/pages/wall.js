// What the wallboard shows: how many causes of each severity, the worst of them, who breaks next, and whether any of it can be believed.

import { html } from "../vendor/preact-htm.js";
import { duration } from "../model/clock.js";
import { SEVERITIES } from "../model/views.js";
import { Banner } from "../parts/banner.js";
import { t } from "../words/words.js";

const ROWS = 14;
/** The picture moves so many pixels, once a minute, so that nothing burns in. */
const DRIFT = 6, MINUTE = 60_000;

/** @param {{session: import("../session.js").Session, now: number}} props */
export function Wall({ session, now }) {
  const { ids } = session.rows;
  const alarms = ids.flatMap((id) => session.board.alarms.get(id) ?? []);
  const open = alarms.filter((each) => each.acknowledged_at === null).length;
  const step = Math.floor(now / MINUTE) % 4, sight = session.sight();
  return html`
    <main class="wall" style=${{ transform: `translate(${step % 2 ? DRIFT : 0}px, ${step > 1 ? DRIFT : 0}px)` }}>
      <header>
        <h1>${session.start.title}</h1>
        <ul class="counts">${SEVERITIES.map((severity) => {
          const count = alarms.filter((each) => each.severity === severity).length;
          return html`<li class=${count > 0 ? severity : "none"}><span class="mark" aria-hidden="true"></span><b>${count}</b> ${t(`severity_${severity}`)}</li>`;
        })}</ul>
        <p><b>${open}</b> ${t("view_unacknowledged")}</p>
        <time>${new Date(now).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false })}</time>
      </header>
      <${Banner} session=${session} />
      ${alarms.length === 0 && html`<p class="nothing">${t(sight.state === "sees" ? "nothing_healthy" : "nothing_yet")}</p>`}
      <ol>${alarms.slice(0, ROWS).map((alarm) => {
        const breach = session.board.breachOf(alarm);
        return html`<li key=${alarm.id} class=${`${alarm.severity}${alarm.acknowledged_at === null ? "" : " seen"}`}>
          <span class="mark" aria-hidden="true"></span>
          <span class="what">${alarm.title}</span>
          <span class="figure">${alarm.subscriber_count > 0 ? t("wall_customers", { count: alarm.subscriber_count }) : ""}</span>
          <span class="figure">${breach === Infinity ? "" : breach <= now ? t("broken") : t("wall_breaks", { left: duration(breach - now) })}</span>
          <span class="figure">${alarm.acknowledged_by ?? alarm.assigned_to ?? t("wall_nobody")}</span>
          <span class="figure">${duration(now - Date.parse(alarm.first_occurrence))}</span>
        </li>`;
      })}</ol>
      ${alarms.length > ROWS && html`<p class="more">${t("more", { count: alarms.length - ROWS })}</p>`}
    </main>
  `;
}
