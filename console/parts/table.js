// A table of things with one of them opened. Plain HTML: rows are reached by Tab, and a reader hears the heads.

import { html } from "../vendor/preact-htm.js";

/**
 * @typedef {object} Column
 * @property {string} head its title
 * @property {(row: any) => unknown} cell
 * @property {boolean} [number] whether its cells are figures
 */

/**
 * @param {{label: string, columns: Column[], rows: any[], opened?: string, id?: (row: any) => string, open?: (row: any) => void, look?: (row: any) => string}} props
 * the first column names the row, and opens it where `open` is given
 */
export function Table({ label, columns, rows, opened, id, open, look }) {
  return html`<div class="wide" role="region" aria-label=${label} tabindex="0"><table class="things">
    <caption class="unseen">${label}</caption>
    <thead><tr>${columns.map((each) => html`<th scope="col" class=${each.number ? "number" : ""}>${each.head}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => {
      const key = id?.(row);
      return html`<tr key=${key} class=${look?.(row) ?? ""} aria-current=${key !== undefined && key === opened ? "true" : undefined}>
        ${columns.map((each, n) =>
          n === 0
            ? html`<th scope="row">${open === undefined ? each.cell(row) : html`<button class="link" onClick=${() => open(row)}>${each.cell(row)}</button>`}</th>`
            : html`<td class=${each.number ? "number" : ""}>${each.cell(row)}</td>`,
        )}
      </tr>`;
    })}</tbody>
  </table></div>`;
}
