// Planning a maintenance window: what it would hide and cost is shown before it is kept, and again after every change.

import { Component, html } from "../vendor/preact-htm.js";
import { span } from "./figures.js";
import { why } from "../wire/rest.js";
import { t } from "../words/words.js";

const PLACES = ["subtrees", "devices", "services", "customers"];
const LISTED = 10;
const HOUR = 3_600;

export class PlanWindow extends Component {
  /** @type {{title: string, kind: string, places: string, start: string, hours: string, recurrence: string, found: any, wrong: string, tried: string}} */
  state = { title: "", kind: PLACES[0], places: "", start: "", hours: "2", recurrence: "", found: null, wrong: "", tried: "" };

  body() {
    const { title, kind, places, start, hours, recurrence } = this.state;
    return {
      title: title.trim(),
      scope: { [kind]: places.split(/[\s,]+/).filter((each) => each !== "") },
      start: start.length === 16 ? `${start}:00` : start,
      duration_seconds: Number(hours) * HOUR,
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      recurrence: recurrence.trim(),
      ...(this.props.session.start.me.tenant === null ? {} : { tenant_id: this.props.session.start.me.tenant }),
    };
  }

  /** @param {Event} event @param {boolean} keeps */
  async send(event, keeps) {
    event.preventDefault();
    const body = this.body(), tried = JSON.stringify(body);
    try {
      if (keeps) this.props.done((await this.props.session.rest.post("/maintenance-windows", body)).id);
      else this.setState({ found: await this.props.session.rest.post("/maintenance-windows/preview", body), wrong: "", tried });
    } catch (error) {
      this.setState({ wrong: why(error), found: null });
    }
  }

  /** @param {{session: import("../session.js").Session, done: (id: string) => void}} props */
  render({ done }) {
    const { title, kind, places, start, hours, recurrence, found, wrong, tried } = this.state;
    const seen = found !== null && tried === JSON.stringify(this.body());
    const field = (/** @type {string} */ name) => (/** @type {any} */ event) => this.setState({ [name]: event.target.value });
    return html`
      <header><h2>${t("calendar_plan")}</h2><button onClick=${() => done("")} aria-label=${t("close")}>✕</button></header>
      <form class="plan" onSubmit=${(/** @type {Event} */ event) => this.send(event, seen)}>
        <label>${t("calendar_title")} <input required maxlength="200" value=${title} onInput=${field("title")} /></label>
        <label>${t("calendar_what")} <select value=${kind} onChange=${field("kind")}>${PLACES.map((each) => html`<option value=${each}>${t(`calendar_${each}`)}</option>`)}</select></label>
        <label>${t("calendar_names")} <input required value=${places} onInput=${field("places")} /></label>
        <label>${t("calendar_start")} <input type="datetime-local" required value=${start} onInput=${field("start")} /></label>
        <label>${t("calendar_hours")} <input type="number" min="0.25" max="8760" step="0.25" required value=${hours} onInput=${field("hours")} /></label>
        <label>${t("calendar_rule")} <input value=${recurrence} onInput=${field("recurrence")} placeholder="FREQ=WEEKLY;BYDAY=TU" /></label>
        ${wrong !== "" && html`<p class="wrong" role="alert">${wrong}</p>`}
        <div role="status">${seen && preview(found)}</div>
        <p class="actions">
          <button type="submit" class="first">${t(seen ? "calendar_keep" : "calendar_preview")}</button>
          <button type="button" onClick=${() => done("")}>${t("cancel")}</button>
        </p>
      </form>
    `;
  }
}

/** @param {any} found */
function preview(found) {
  const hurt = found.items.filter((/** @type {any} */ each) => each.status_after !== each.status_before);
  return html`
    <h3>${t("calendar_hides")}</h3>
    <p>${t("calendar_cost", { customers: found.customers, services: found.services, breach: found.would_breach, risk: found.would_be_at_risk })}</p>
    ${!found.complete && html`<p>${t("calendar_not_all")}</p>`}
    ${found.warnings.map((/** @type {string} */ each) => html`<p class="wrong">${each}</p>`)}
    ${(hurt.length > 0 ? hurt : found.items).slice(0, LISTED).map((/** @type {any} */ each) => html`<p>${each.service_id} ${each.customer_name || each.customer_id}: ${budget(each.error_budget_before)} → ${budget(each.error_budget_after)} ${each.reason}</p>`)}
  `;
}

/** @param {number | null} seconds */
function budget(seconds) {
  return seconds === null ? "–" : span(seconds);
}
