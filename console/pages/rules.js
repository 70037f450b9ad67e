// Alarm rules and notification policies: what is in force, what is wrong with it, and what a change would have done.

import { Component, html } from "../vendor/preact-htm.js";
import { Backtest } from "../parts/backtest.js";
import { Reads } from "../parts/reads.js";
import { Table } from "../parts/table.js";
import { why } from "../wire/rest.js";
import { t } from "../words/words.js";

const EVERY = 30;
const KINDS = ["rules", "policies"];
const PATHS = /** @type {Record<string, string>} */ ({ rules: "/alarm-rules", policies: "/notification-policies" });
/** Fields that faultd writes itself: they are no part of a rule that is sent. */
const OWN = ["id", "origin", "created_at", "updated_at", "updated_by", "revision", "error", "warnings", "if_configured"];

export class Rules extends Component {
  /** @param {import("./pages.js").PageProps} props */
  render({ session, address, go }) {
    const kind = KINDS.includes(address.get("kind") ?? "") ? /** @type {string} */ (address.get("kind")) : KINDS[0], id = address.get("id") ?? "";
    return html`
      <div class="views"><nav aria-label=${t("page_rules")}>${KINDS.map((each) => html`<button aria-current=${each === kind ? "page" : undefined} onClick=${() => go("rules", { kind: each })}>${t(`rules_${each}`)}</button>`)}</nav></div>
      <main class=${`page${id === "" ? "" : " split"}`}>
        <${Reads} of=${kind} every=${EVERY} read=${(/** @type {AbortSignal} */ signal) => session.rest.get(PATHS[kind], { limit: 500 }, signal)}
          shows=${(/** @type {any} */ page, /** @type {() => void} */ again) => {
            const opened = page.items.find((/** @type {any} */ each) => each.id === id);
            return html`<div class="scrolls">${list(page.items, kind, id, (chosen) => go("rules", { kind, id: chosen }))}</div>
              ${opened !== undefined && html`<section class="detail" aria-label=${opened.name}>
                <header><h2>${opened.name}</h2><button onClick=${() => go("rules", { kind })} aria-label=${t("close")}>✕</button></header>
                <${RuleView} key=${`${opened.id} ${opened.revision}`} session=${session} kind=${kind} rule=${opened} again=${again} /></section>`}`;
          }} />
      </main>
    `;
  }
}

/** @param {any[]} items @param {string} kind @param {string} opened @param {(id: string) => void} open */
function list(items, kind, opened, open) {
  if (items.length === 0) return html`<p class="nothing">${t("rules_none")}</p>`;
  return html`<${Table} label=${t(`rules_${kind}`)} rows=${items} id=${(/** @type {any} */ row) => row.id} opened=${opened} open=${(/** @type {any} */ row) => open(row.id)}
    look=${(/** @type {any} */ row) => (row.error || (row.warnings ?? []).length > 0 ? "minor" : "info")}
    columns=${[
      { head: t("rules_name"), cell: (/** @type {any} */ row) => row.name },
      { head: t("rules_state"), cell: (/** @type {any} */ row) => html`<span class="mark" aria-hidden="true"></span>${t(row.error ? "rules_wrong" : row.enabled ? "rules_in_force" : "rules_off")}` },
      { head: t("rules_type"), cell: (/** @type {any} */ row) => row.type ?? "" },
      { head: t("rules_priority"), cell: (/** @type {any} */ row) => row.priority, number: true },
      { head: t("rules_tenant"), cell: (/** @type {any} */ row) => row.tenant_id ?? t("rules_every_tenant") },
      { head: t("rules_origin"), cell: (/** @type {any} */ row) => t(`rules_origin_${row.origin}`) },
    ]} />`;
}

class RuleView extends Component {
  /** @type {{text: string, wrong: string}} */
  state = { text: JSON.stringify(written(this.props.rule), null, 2), wrong: "" };

  /** @param {() => Promise<unknown>} does */
  async act(does) {
    try {
      await does();
      this.setState({ wrong: "" });
      this.props.again();
    } catch (error) {
      this.setState({ wrong: why(error) });
    }
  }

  /** @param {{session: import("../session.js").Session, kind: string, rule: any, again: () => void}} props */
  render({ session, kind, rule }) {
    const { text, wrong } = this.state;
    const path = `${PATHS[kind]}/${encodeURIComponent(rule.id)}`, admin = session.start.me.role === "admin";
    const parsed = parse(text), changed = parsed !== null && JSON.stringify(parsed) !== JSON.stringify(written(rule));
    return html`
      <p class="text">${rule.description}</p>
      ${[rule.error, ...(rule.warnings ?? [])].filter(Boolean).map((each) => html`<p class="wrong">${typeof each === "string" ? each : JSON.stringify(each)}</p>`)}
      ${admin && html`<p class="actions"><button onClick=${() => this.act(() => session.rest.patch(path, { enabled: !rule.enabled }))}>${t(rule.enabled ? "rules_switch_off" : "rules_switch_on")}</button></p>`}
      <h3><label for="rule">${t("rules_text")}</label></h3>
      <textarea id="rule" class="code" rows="16" spellcheck="false" readonly=${!admin} value=${text} onInput=${(/** @type {any} */ event) => this.setState({ text: event.target.value })}></textarea>
      <div role="status">${parsed === null && html`<p class="wrong">${t("rules_no_json")}</p>`}${wrong !== "" && html`<p class="wrong">${wrong}</p>`}</div>
      ${admin && parsed !== null && html`<${Backtest} session=${session} kind=${kind} rule=${parsed} />`}
      ${admin && html`<p class="actions">${rule.origin === "api"
        ? html`<button disabled=${!changed} onClick=${() => this.act(() => session.rest.patch(path, difference(written(rule), parsed)))}>${t("rules_save")}</button>`
        : html`<span class="facts">${t("rules_in_file")}</span>`}</p>`}
    `;
  }
}

/** What a person wrote of a rule. @param {any} rule */
function written(rule) {
  return Object.fromEntries(Object.entries(rule).filter(([name, value]) => !OWN.includes(name) && value !== null));
}

/** @param {any} before @param {any} after the fields that have other values */
function difference(before, after) {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value)));
}

/** @param {string} text @returns {any} null for what is no JSON object */
function parse(text) {
  try {
    const found = JSON.parse(text);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}
