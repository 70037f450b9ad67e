// Figures of agreements for people. Fractions, seconds and major units come in.

import { html } from "../vendor/preact-htm.js";
import { duration } from "../model/clock.js";
import { t } from "../words/words.js";

/** @param {any} row @param {number} now */
export function left(row, now) {
  if (row.breaches_at === null) return row.status === "breached" ? t("broken") : "";
  const ms = Date.parse(row.breaches_at) - now;
  return ms <= 0 ? t("broken") : duration(ms);
}

/** @param {unknown} name @param {unknown} value */
export function fact(name, value) {
  return value === "" || value === null ? null : html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

/** @param {number | null} fraction */
export function share(fraction) {
  return fraction === null ? "" : `${(100 * fraction).toFixed(4)} %`;
}

/** @param {number} seconds */
export function span(seconds) {
  return seconds < 0 ? `−${duration(-seconds * 1000)}` : duration(seconds * 1000);
}

/** @param {number} amount @param {string} currency */
export function money(amount, currency) {
  return amount === 0 ? "" : `${amount.toFixed(2)} ${currency}`;
}
