// The list of alarms: only the rows in sight are in the document. A row is a fixed number of pixels high.

import { Component, html } from "../vendor/preact-htm.js";
import { duration } from "../model/clock.js";
import { t } from "../words/words.js";

/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../model/types.js").Alarm} Alarm */

export const ROW = 30;
const SPARE = 8;
const NUMBERS = new Set(["customers", "left", "sure", "below", "age"]);
const COLUMNS = ["tick", "severity", "title", "customers", "classes", "left", "sure", "below", "owner", "ticket", "age", "name"];

export class List extends Component {
  state = { top: 0, height: 600 };
  /** @type {HTMLElement | null} */
  box = null;

  componentDidMount() {
    this.sized = new ResizeObserver(() => this.setState({ height: this.box?.clientHeight ?? 600 }));
    if (this.box !== null) this.sized.observe(this.box);
  }

  componentWillUnmount() {
    this.sized?.disconnect();
  }

  componentDidUpdate() {
    const session = this.props.session;
    const at = session.current === null ? -1 : session.rows.ids.indexOf(session.current);
    if (at < 0 || this.box === null || session.current === this.seen) return;
    this.seen = session.current;
    const head = ROW;
    if (at * ROW < this.box.scrollTop) this.box.scrollTop = at * ROW;
    else if ((at + 1) * ROW + head > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = (at + 1) * ROW + head - this.box.clientHeight;
  }

  /** @param {{session: Session, now: number}} props */
  render({ session, now }) {
    const { ids, gone } = session.rows;
    const first = Math.max(0, Math.floor(this.state.top / ROW) - SPARE);
    const last = Math.min(ids.length, Math.ceil((this.state.top + this.state.height) / ROW) + SPARE);
    return html`
      <div
        class="list"
        role="grid"
        tabindex="0"
        aria-label=${t("alarms")}
        aria-rowcount=${ids.length + 1}
        aria-activedescendant=${session.current !== null && ids.includes(session.current) ? `row-${session.current}` : undefined}
        ref=${(/** @type {HTMLElement | null} */ box) => (this.box = box)}
        onScroll=${(/** @type {Event} */ event) => this.setState({ top: /** @type {HTMLElement} */ (event.currentTarget).scrollTop })}
        onPointerEnter=${() => session.holds("pointer", true)}
        onPointerLeave=${() => session.holds("pointer", false)}
        onFocusIn=${() => session.holds("focus", true)}
        onFocusOut=${() => session.holds("focus", false)}
      >
        <div class="row head" role="row" aria-rowindex="1">
          ${COLUMNS.map((name) => html`<div class=${NUMBERS.has(name) ? `${name} number` : name} role="columnheader">${name === "tick" ? html`<span class="unseen">${t("column_tick")}</span>` : t(`column_${name}`)}</div>`)}
        </div>
        <div class="rows" role="presentation" style=${{ height: `${ids.length * ROW}px` }}>
          ${ids.slice(first, last).map((id, n) => this.row(session, id, first + n, gone.has(id), now))}
        </div>
      </div>
    `;
  }

  /** @param {Session} session @param {string} id @param {number} n @param {boolean} gone @param {number} now */
  row(session, id, n, gone, now) {
    const alarm = session.known.get(id);
    if (alarm === undefined) return null;
    const over = gone || alarm.cleared_at !== null;
    const breach = session.board.breachOf(alarm);
    const classes = ["row", alarm.severity];
    if (over) classes.push("gone");
    if (alarm.acknowledged_at !== null) classes.push("seen");
    if (session.current === id) classes.push("current");
    if (session.opened === id) classes.push("opened");
    return html`
      <div
        key=${id}
        id=${`row-${id}`}
        class=${classes.join(" ")}
        role="row"
        aria-rowindex=${n + 2}
        aria-selected=${session.ticked.has(id)}
        style=${{ transform: `translateY(${n * ROW}px)` }}
        onClick=${() => session.open(id)}
      >
        <div class="tick" role="gridcell">
          <input
            type="checkbox"
            tabindex="-1"
            aria-label=${`${t("column_tick")}: ${alarm.title}`}
            checked=${session.ticked.has(id)}
            onClick=${(/** @type {Event} */ event) => {
              event.stopPropagation();
              session.tick(id);
            }}
          />
        </div>
        <div class="severity" role="gridcell"><span class="mark" aria-hidden="true"></span>${word(session, alarm, gone)}</div>
        <div class="title" role="gridcell" title=${alarm.title}>${alarm.title}</div>
        <div class="customers number" role="gridcell">${alarm.subscriber_count || ""}</div>
        <div class="classes" role="gridcell">${byClass(alarm)}</div>
        <div class=${`left number${left(breach, now)}`} role="gridcell">${breach === Infinity ? "" : breach <= now ? t("broken") : duration(breach - now)}</div>
        <div class="sure number" role="gridcell">${sure(alarm)}</div>
        <div class="below number" role="gridcell">${session.board.children(id).size || ""}</div>
        <div class="owner" role="gridcell">${alarm.assigned_to ?? (alarm.acknowledged_by === null ? "" : `✓ ${alarm.acknowledged_by}`)}</div>
        <div class="ticket" role="gridcell">${alarm.ticket_id ?? ""}</div>
        <div class="age number" role="gridcell">${duration(now - Date.parse(alarm.first_occurrence))}</div>
        <div class="name" role="gridcell">${alarm.alarm_id}</div>
      </div>
    `;
  }
}

/** The severity, or why the row stands here only because the list is held. @param {Session} session @param {Alarm} alarm @param {boolean} gone */
function word(session, alarm, gone) {
  if (alarm.cleared_at !== null || !session.board.alarms.has(alarm.id)) return t("gone");
  if (!gone) return t(`severity_${alarm.severity}`);
  return t(session.board.causeOf(alarm) === null ? "moved" : "explained");
}

/** @param {Alarm} alarm */
export function byClass(alarm) {
  const classes = alarm.metadata.customers_by_class;
  if (classes === null || typeof classes !== "object") return "";
  return Object.entries(classes)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

/** @param {Alarm} alarm */
export function sure(alarm) {
  const confidence = alarm.metadata.confidence;
  return typeof confidence === "number" ? `${Math.floor(confidence * 100)} %` : "";
}

/** @param {number} breach @param {number} now */
function left(breach, now) {
  if (breach === Infinity) return "";
  return breach <= now ? " broken" : breach - now < 15 * 60_000 ? " soon" : "";
}
