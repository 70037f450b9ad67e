// Times for people: local, with the exact time in UTC behind them.

import { html } from "../vendor/preact-htm.js";

/** @param {string | null} at RFC 3339 @param {string} [otherwise] */
export function when(at, otherwise = "") {
  if (at === null || at === undefined) return otherwise;
  const time = new Date(at), today = time.toDateString() === new Date().toDateString();
  const text = time.toLocaleString(document.documentElement.lang, today ? { timeStyle: "medium", hour12: false } : { dateStyle: "short", timeStyle: "short", hour12: false });
  return html`<time datetime=${at} title=${time.toISOString()}>${text}</time>`;
}
