// What a rule or policy would have done: the ledger's Events folded with it and without it, in a process of its own.

import { Component, html } from "../vendor/preact-htm.js";
import { when } from "./times.js";
import { why } from "../wire/rest.js";
import { t } from "../words/words.js";

const SPANS = ["12h", "1d", "7d", "30d"];
const ASK_EVERY = 1000;
const LISTED = 100;

export class Backtest extends Component {
  /** @type {{since: string, job: any, wrong: string, of: string}} */
  state = { since: SPANS[1], job: null, wrong: "", of: "" };

  componentWillUnmount() {
    clearTimeout(this.timer);
  }

  async begin() {
    const { session, kind, rule } = this.props;
    try {
      const job = await session.rest.post("/backtest", { [kind]: [rule], add: true, since: this.state.since, most: LISTED });
      this.setState({ job, wrong: "", of: JSON.stringify(rule) });
      this.follow();
    } catch (error) {
      this.setState({ wrong: why(error) });
    }
  }

  follow() {
    this.timer = setTimeout(async () => {
      try {
        const job = await this.props.session.rest.get("/backtest");
        this.setState({ job });
        if (job.state === "running") this.follow();
      } catch (error) {
        this.setState({ wrong: why(error) });
      }
    }, ASK_EVERY);
  }

  async cancel() {
    try {
      await this.props.session.rest.delete("/backtest");
    } catch (error) {
      this.setState({ wrong: why(error) });
    }
  }

  /** @param {{session: import("../session.js").Session, kind: string, rule: any}} props `rule` as it would be sent */
  render({ rule }) {
    const { since, job, wrong, of } = this.state;
    return html`
      <p class="actions">
        <label>${t("rules_since")} <select value=${since} onChange=${(/** @type {any} */ event) => this.setState({ since: event.target.value })}>${SPANS.map((each) => html`<option value=${each}>${each}</option>`)}</select></label>
        <button class="first" disabled=${job?.state === "running"} onClick=${() => this.begin()}>${t("rules_try")}</button>
        ${job?.state === "running" && html`<button onClick=${() => this.cancel()}>${t("cancel")}</button>`}
      </p>
      <div role="status">
        ${wrong !== "" && html`<p class="wrong">${wrong}</p>`}
        ${job !== null && html`<p>${t(`rules_job_${job.state}`)} ${job.error}</p>`}
        ${job?.result && of !== JSON.stringify(rule) && html`<p class="wrong">${t("rules_stale")}</p>`}
        ${job?.result && outcome(job.result)}
      </div>
    `;
  }
}

/** @param {any} result */
function outcome(result) {
  const { today, dispatch } = result;
  const figures = [["alarms", today.alarms, result.new.alarms], ["roots", today.roots, result.new.roots], ["suppressed", today.suppressed, result.new.suppressed], ["pages", today.pages, result.new.pages], ["told", dispatch.told_today, dispatch.told_new]];
  return html`
    <p class="facts">${when(result.since)} – ${when(result.until)} · ${t("rules_events", { count: result.events })}</p>
    <table class="things"><caption class="unseen">${t("rules_try")}</caption>
      <thead><tr><th scope="col"></th><th scope="col" class="number">${t("rules_today")}</th><th scope="col" class="number">${t("rules_new")}</th></tr></thead>
      <tbody>${figures.map(([name, before, after]) => html`<tr class=${before === after ? "" : "differs"}><th scope="row">${t(`rules_figure_${name}`)}</th><td class="number">${before}</td><td class="number">${after}</td></tr>`)}</tbody></table>
    ${result.rules_changed && html`<p class="facts">${t("rules_changed")}</p>`}
    ${dispatch.warnings.map((/** @type {string} */ each) => html`<p class="wrong">${each}</p>`)}
    ${result.differences.length === 0 && dispatch.untold.length === 0 && html`<p>${t("rules_same")}</p>`}
    <ol class="timeline">${result.differences.map((/** @type {any} */ each) => html`<li><b>${each.what.replaceAll("_", " ")}</b> ${each.alarm_id} ${each.title}: ${each.today || "–"} → ${each.new || "–"}</li>`)}
      ${dispatch.untold.map((/** @type {any} */ each) => html`<li><b>${t(each.told === "new" ? "rules_told_new" : "rules_told_today")}</b> ${each.alarm_id} ${each.title}</li>`)}</ol>
  `;
}
