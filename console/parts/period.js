// A measurement period as a bar: up, down, excluded, unknown, still to come. Patterns and heights speak beside the colours.

import { html } from "../vendor/preact-htm.js";
import { sharesOf } from "../model/period.js";
import { t } from "../words/words.js";

const WIDTH = 1000, HEIGHT = 40;
/** Of a share that is too short to be seen otherwise. */
const THINNEST = 2;
/** How high each share stands, so that colour does not speak alone. */
const HIGH = { up: 0.35, down: 1, excluded: 0.6, unknown: 0.6, ahead: 0.12 };
const KINDS = /** @type {(keyof typeof HIGH)[]} */ (Object.keys(HIGH));

/** @param {{report: any}} props the report of `/sla-instances/{id}/report` */
export function Period({ report }) {
  const shares = sharesOf(report);
  // What is short and bad is drawn over what is long and good.
  const drawn = [...shares].sort((a, b) => KINDS.indexOf(b.kind) - KINDS.indexOf(a.kind) || b.length - a.length);
  drawn.sort((a, b) => Number(a.kind !== "up" && a.kind !== "ahead") - Number(b.kind !== "up" && b.kind !== "ahead"));
  return html`
    <svg class="period" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${said(shares)}>
      ${drawn.map((each) => {
        const high = HEIGHT * HIGH[each.kind], wide = Math.max(each.length * WIDTH, each.kind === "up" || each.kind === "ahead" ? 0 : THINNEST);
        return html`<rect class=${each.kind} x=${Math.min(each.from * WIDTH, WIDTH - wide)} y=${HEIGHT - high} width=${wide} height=${high} />`;
      })}
    </svg>
    <p class="legend" aria-hidden="true">${KINDS.filter((kind) => shares.some((each) => each.kind === kind)).map((kind) => html`<span class=${`share ${kind}`}>${t(`sla_share_${kind}`)}</span>`)}</p>
  `;
}

/** @param {import("../model/period.js").Share[]} shares */
function said(shares) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const each of shares) sums.set(each.kind, (sums.get(each.kind) ?? 0) + each.length);
  return [...sums].map(([kind, part]) => `${t(`sla_share_${kind}`)} ${(100 * part).toFixed(3)} %`).join(", ");
}
