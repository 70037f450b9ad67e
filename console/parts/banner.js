// What the operator must know before believing the list: whether faultd is heard, and what faultd itself does not see.

import { html } from "../vendor/preact-htm.js";
import { duration } from "../model/clock.js";
import { t } from "../words/words.js";

/** @param {{session: import("../session.js").Session}} props */
export function Banner({ session }) {
  const { state, word, age } = session.sight();
  const lines = [...session.unwell];
  for (const alarm of session.board.alarms.values()) {
    if (alarm.alarm_type === "monitoring.blind" && alarm.cleared_at === null) lines.push(t("blind_alarm", { title: alarm.title }));
  }
  if (state !== "sees") lines.unshift(t(word, { age: duration(Math.max(0, age)) }));
  return html`
    <div class=${`banner ${state}${lines.length > 0 ? " speaks" : ""}`} role="alert">${lines.map((line) => html`<p>${line}</p>`)}</div>
  `;
}
