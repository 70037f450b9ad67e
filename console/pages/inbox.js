// Traps that no profile knows: which kinds came, what they carry, and a draft of a profile tried on them.

import { Component, html } from "../vendor/preact-htm.js";
import { draftOf, named } from "../model/profile_draft.js";
import { Reads } from "../parts/reads.js";
import { keep } from "../parts/save.js";
import { Table } from "../parts/table.js";
import { when } from "../parts/times.js";
import { why } from "../wire/rest.js";
import { t } from "../words/words.js";

const EVERY = 15;
const SHOWN = 5;

export class Inbox extends Component {
  /** @param {import("./pages.js").PageProps} props */
  render({ session, address, go }) {
    const oid = address.get("oid") ?? "";
    return html`
      <main class=${`page${oid === "" ? "" : " split"}`}>
        <div class="scrolls"><${Reads} of="counts" every=${EVERY} read=${(/** @type {AbortSignal} */ signal) => session.rest.get("/traps/unknown/counts", {}, signal)}
          shows=${(/** @type {any} */ found) => counts(found.items, oid, (chosen) => go("inbox", { oid: chosen }))} /></div>
        ${oid !== "" && html`<section class="detail" aria-label=${oid}>
          <header><h2>${oid}</h2><button onClick=${() => go("inbox")} aria-label=${t("close")}>✕</button></header>
          <${Reads} of=${oid} read=${(/** @type {AbortSignal} */ signal) => session.rest.get("/traps/unknown", { trap_oid: oid, limit: SHOWN }, signal)}
            shows=${(/** @type {any} */ page) => html`<${Draft} key=${oid} session=${session} oid=${oid} traps=${page.items} />`} /></section>`}
      </main>
    `;
  }
}

/** @param {any[]} items @param {string} opened @param {(oid: string) => void} open */
function counts(items, opened, open) {
  if (items.length === 0) return html`<p class="nothing">${t("inbox_none")}</p>`;
  return html`<${Table} label=${t("page_inbox")} rows=${items} id=${(/** @type {any} */ row) => row.trap_oid} opened=${opened} open=${(/** @type {any} */ row) => open(row.trap_oid)}
    columns=${[
      { head: t("inbox_oid"), cell: (/** @type {any} */ row) => row.trap_oid || t("inbox_no_oid") },
      { head: t("inbox_count"), cell: (/** @type {any} */ row) => row.traps, number: true },
      { head: t("inbox_first"), cell: (/** @type {any} */ row) => when(row.first_at) },
      { head: t("inbox_last"), cell: (/** @type {any} */ row) => when(row.last_at) },
      { head: t("inbox_tenant"), cell: (/** @type {any} */ row) => row.tenant_id },
    ]} />`;
}

class Draft extends Component {
  /** @type {{text: string | null, tried: any, wrong: string}} */
  state = { text: null, tried: null, wrong: "" };

  /** @param {string} text */
  async attempt(text) {
    try {
      this.setState({ tried: await this.props.session.rest.post("/traps/unknown/try", { text, trap_oid: this.props.oid }), wrong: "" });
    } catch (error) {
      this.setState({ tried: null, wrong: why(error) });
    }
  }

  /** @param {{session: import("../session.js").Session, oid: string, traps: any[]}} props */
  render({ session, oid, traps }) {
    if (traps.length === 0) return html`<p>${t("inbox_gone")}</p>`;
    const varbinds = traps[0].trap.notification.varbinds, text = this.state.text ?? draftOf(oid, varbinds);
    const { tried, wrong } = this.state;
    return html`
      <p class="facts">${t("inbox_newest")} ${when(traps[0].at)} · ${traps[0].source} · ${traps[0].reason}</p>
      <${Table} label=${t("inbox_values")} rows=${named(varbinds)} columns=${[
        { head: t("inbox_name"), cell: (/** @type {any} */ row) => row.name },
        { head: "OID", cell: (/** @type {any} */ row) => row.oid },
        { head: t("inbox_type"), cell: (/** @type {any} */ row) => row.type },
        { head: t("inbox_value"), cell: (/** @type {any} */ row) => row.shown },
      ]} />
      ${session.may && html`
        <h3><label for="draft">${t("inbox_draft")}</label></h3>
        <textarea id="draft" class="code" rows="18" spellcheck="false" value=${text} onInput=${(/** @type {any} */ event) => this.setState({ text: event.target.value, tried: null })}></textarea>
        <p class="actions"><button class="first" onClick=${() => this.attempt(text)}>${t("inbox_try")}</button>
          <button disabled=${tried === null || tried.mistakes.length > 0} onClick=${() => keep(new Blob([text], { type: "text/plain" }), `${/^name = "([\w-]+)"/m.exec(text)?.[1] ?? "draft"}.toml`)}>${t("inbox_save")}</button></p>
        <p class="facts">${t("inbox_where")}</p>
        <div role="status">${wrong !== "" && html`<p class="wrong">${wrong}</p>`}${tried !== null && outcome(tried)}</div>`}
    `;
  }
}

/** @param {any} tried */
function outcome(tried) {
  if (tried.mistakes.length > 0) {
    return html`<h3>${t("inbox_mistakes")}</h3><ul class="wrong">${tried.mistakes.map((/** @type {any} */ each) => html`<li>${each.line > 0 ? t("inbox_line", { line: each.line }) : ""} ${each.key}: ${each.message}</li>`)}</ul>`;
  }
  const known = tried.traps.filter((/** @type {any} */ each) => each.findings.length > 0).length;
  return html`<h3>${t("inbox_tried", { known, count: tried.traps.length })}</h3>
    <ul class="tried">${tried.traps.slice(0, 20).map((/** @type {any} */ each) => html`<li><details><summary>${when(each.at)} ${each.findings.join("; ") || each.reason}</summary><pre class="text">${each.lines.join("\n")}</pre></details></li>`)}</ul>`;
}
