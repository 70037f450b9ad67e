// The dialog before an action: one note for exactly the alarms that were chosen when it opened.

import { Component, html } from "../vendor/preact-htm.js";
import { t } from "../words/words.js";

const SHOWN = 5;
const SHELVES = [30, 60, 240, 1440];

export class Asks extends Component {
  state = { text: "", minutes: SHELVES[1] };
  /** @type {HTMLDialogElement | null} */
  box = null;

  componentDidMount() {
    this.box?.showModal();
  }

  /** @param {{session: import("../session.js").Session, type: string, ids: string[], done: () => void}} props */
  render({ session, type, ids, done }) {
    const { text, minutes } = this.state;
    const act = (/** @type {Event} */ event) => {
      event.preventDefault();
      if (type === "note" && text.trim() === "") return;
      session.act(type, ids, fields(type, text, minutes));
      done();
    };
    return html`
      <dialog ref=${(/** @type {HTMLDialogElement | null} */ box) => (this.box = box)} onClose=${done} aria-label=${t(`do_${type}`, { count: ids.length })}>
        <form onSubmit=${act}>
          <h2>${t(`do_${type}`, { count: ids.length })}</h2>
          <ul>
            ${ids.slice(0, SHOWN).map((id) => html`<li>${session.known.get(id)?.title ?? session.board.alarms.get(id)?.title ?? id}</li>`)}
            ${ids.length > SHOWN && html`<li>${t("more", { count: ids.length - SHOWN })}</li>`}
          </ul>
          ${type === "shelve" &&
          html`<label>${t("minutes")}
            <select value=${minutes} onChange=${(/** @type {any} */ event) => this.setState({ minutes: Number(event.target.value) })}>
              ${SHELVES.map((each) => html`<option value=${each}>${each}</option>`)}
            </select></label>`}
          <label>${t(type === "shelve" ? "reason" : type === "note" ? "note_needed" : "note_optional")}
            <textarea rows="3" maxlength="2000" value=${text} autofocus
              onInput=${(/** @type {any} */ event) => this.setState({ text: event.target.value })}
              onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && !event.shiftKey && act(event)}></textarea></label>
          <p class="actions"><button type="submit" class="first">${t(`do_${type}`, { count: ids.length })}</button>
            <button type="button" onClick=${done}>${t("cancel")}</button></p>
        </form>
      </dialog>
    `;
  }
}

/** @param {string} type @param {string} text @param {number} minutes */
function fields(type, text, minutes) {
  if (type === "shelve") return { until: new Date(Date.now() + minutes * 60_000).toISOString(), reason: text };
  return type === "note" ? { text } : { note: text };
}
