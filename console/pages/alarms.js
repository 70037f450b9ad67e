// The page of the alarms: views and filter, the list, and the panel of the alarm that is open.

import { Component, html } from "../vendor/preact-htm.js";
import { NAMES, SEVERITIES, read } from "../model/views.js";
import { Asks } from "../parts/asks.js";
import { Cause } from "../parts/cause.js";
import { List } from "../parts/list.js";
import { Sound } from "../parts/sound.js";
import { writes } from "../parts/keys.js";
import { t } from "../words/words.js";

/** @typedef {import("../session.js").Session} Session */

/** Actions that ask before they act, by their key. @type {Record<string, string>} */
const ASKS = { a: "acknowledge", s: "shelve", c: "clear", n: "note" };

export class Alarms extends Component {
  /** @type {{asks: {type: string, ids: string[]} | null}} */
  state = { asks: null };

  componentDidMount() {
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  componentWillUnmount() {
    if (this.onKey !== undefined) document.removeEventListener("keydown", this.onKey);
  }

  /** @param {string} type @param {string[]} ids */
  ask(type, ids) {
    if (ids.length > 0 && this.props.session.may) this.setState({ asks: { type, ids: [...ids] } });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    /** @type {Session} */
    const session = this.props.session;
    const target = /** @type {HTMLElement} */ (event.target);
    if (this.state.asks !== null) return;
    if (event.key === "Escape") {
      session.leave();
      target.blur();
      return;
    }
    if (writes(event)) return;
    const inList = target.closest(".list") !== null || target === document.body;
    if (inList && (event.key === "ArrowDown" || event.key === "ArrowUp")) session.move(event.key === "ArrowDown" ? 1 : -1);
    else if (inList && event.key === "Enter" && session.current !== null) session.open(session.current);
    else if (!this.props.keys) return;
    else if (event.key === "j" || event.key === "k") session.move(event.key === "j" ? 1 : -1);
    else if (event.key === "x" && session.current !== null) session.tick(session.current);
    else if (event.key === "o" && session.current !== null) session.open(session.current);
    else if (event.key === "u") session.undo();
    else if (event.key === "/") this.search?.focus();
    else if (ASKS[event.key] !== undefined) this.ask(ASKS[event.key], session.chosen());
    else return;
    event.preventDefault();
  }

  /** @param {import("./pages.js").PageProps} props */
  render({ session, now }) {
    const { view, counts, rows, ticked } = session;
    const { asks } = this.state;
    const opened = session.opened === null ? undefined : session.known.get(session.opened) ?? session.board.alarms.get(session.opened);
    const sight = session.sight();
    return html`
      <div class="views">
        <nav aria-label=${t("views")}>
          ${NAMES.map(
            (name) => html`<button class="view" aria-current=${view.view === name ? "page" : undefined} onClick=${() => session.look({ ...view, view: name })}>
              ${t(`view_${name}`)} <b>${counts[name] ?? 0}</b>
            </button>`,
          )}
          ${session.start.views.map((each) => html`<button class="view" onClick=${() => session.look(read(each.query))}>${each.name}</button>`)}
        </nav>
      </div>
      <div class="filters" role="search">
        <input type="search" placeholder=${t("filter_help")} aria-label=${t("filter")} value=${view.text}
          ref=${(/** @type {HTMLInputElement | null} */ box) => (this.search = box)}
          onInput=${(/** @type {any} */ event) => session.look({ ...view, text: event.target.value }, false)} />
        ${SEVERITIES.map(
          (each) => html`<label class=${`chip ${each}`}><input type="checkbox" checked=${view.severity.includes(each)}
            onChange=${() => session.look({ ...view, severity: view.severity.includes(each) ? view.severity.filter((one) => one !== each) : [...view.severity, each] })} />
            <span class="mark" aria-hidden="true"></span>${t(`severity_${each}`)}</label>`,
        )}
        <span class="hold" role="status">
          ${ticked.size > 0 && html`<b>${t("ticked", { count: ticked.size })}</b> `}
          ${session.hold.active ? html`${t("held")} ${rows.fresh.length > 0 && html`<b class="fresh">${t("fresh", { count: rows.fresh.length })}</b>`} ` : ""}
        </span>
        ${rows.fresh.length > 0 && html`<button onClick=${() => session.leave()}>${t("show_fresh")}</button>`}
        <${Sound} session=${session} now=${now} />
        <button aria-pressed=${session.hold.active} onClick=${() => (session.hold.active ? session.leave() : session.holds("button", true))}>${t(session.hold.active ? "go_on" : "pause")}</button>
        ${session.may && ticked.size > 0 && Object.entries(ASKS).map(([key, type]) => html`<button onClick=${() => this.ask(type, session.chosen())}>${t(type)} <kbd>${key}</kbd></button>`)}
        ${!session.may && html`<span>${t("roles_viewer")}</span>`}
      </div>
      <main class=${opened === undefined ? "" : "split"}>
        ${rows.ids.length === 0 ? html`<p class="nothing">${t(sight.state === "sees" ? "nothing_healthy" : "nothing_yet")}</p>` : html`<${List} session=${session} now=${now} />`}
        ${opened !== undefined && html`<${Cause} session=${session} alarm=${opened} now=${now} act=${(/** @type {string} */ type, /** @type {string[]} */ ids) => this.ask(type, ids)} />`}
      </main>
      ${asks !== null && html`<${Asks} key=${asks.type} session=${session} type=${asks.type} ids=${asks.ids} done=${() => this.setState({ asks: null })} />`}
    `;
  }
}
