// The picture of a PON: feeder, splitters and ONTs, each with its state, and the place that broke.

import { html } from "../vendor/preact-htm.js";
import { placed, states } from "../model/pon.js";
import { t } from "../words/words.js";

const COLUMN = 120;
const ROW = 14;
const STATES = ["dark", "gasped", "dim", "quiet"];
/** Shapes as well as colours, so that a picture in grey says the same. @type {Record<string, string>} */
const SHAPES = { dark: "M-5-5H5V5H-5Z", gasped: "M0-6 6 5H-6Z", dim: "M0-6 6 0 0 6-6 0Z", quiet: "M-3 0A3 3 0 1 0 3 0A3 3 0 1 0-3 0" };

/** @param {{session: import("../session.js").Session, nodes: any[], root: string, broken: string}} props */
export function Pon({ session, nodes, root, broken }) {
  const picture = placed(nodes, root, states(session.board), { column: COLUMN, row: ROW });
  const at = new Map(picture.placed.map((each) => [each.node.id, each]));
  /** @type {Record<string, number>} */
  const counts = {};
  for (const each of picture.placed) if (each.state !== null) counts[each.state] = (counts[each.state] ?? 0) + 1;
  const said = STATES.filter((state) => counts[state]).map((state) => `${counts[state]} ${t(`state_${state}`)}`).join(", ");
  return html`
    <p class="legend">
      ${STATES.filter((state) => counts[state]).map(
        (state) => html`<span class=${state}><svg viewBox="-8 -8 16 16" width="14" height="14" aria-hidden="true"><path d=${SHAPES[state]} /></svg> ${counts[state]} ${t(`state_${state}`)}</span>`,
      )}
    </p>
    <div class="picture" tabindex="0" role="group" aria-label=${t("plant")}>
      <svg class="pon" role="img" aria-label=${`${t("plant")}: ${said}`} width=${picture.width + 60} height=${picture.height + 24} viewBox=${`-20 -14 ${picture.width + 60} ${picture.height + 24}`}>
        ${picture.placed.map((each) => {
          const above = each.above === null ? undefined : at.get(each.above);
          if (above === undefined) return null;
          const middle = (above.x + each.x) / 2;
          const cut = each.node.id === broken || (above.node.id === root && broken === root);
          return html`<path class=${`fibre${cut ? " cut" : ""}`} d=${`M${above.x} ${above.y}C${middle} ${above.y} ${middle} ${each.y} ${each.x} ${each.y}`} />`;
        })}
        ${picture.placed.map(
          (each) => html`<g class=${each.state ?? "element"} transform=${`translate(${each.x} ${each.y})`}>
            <title>${each.node.name || each.node.id}${each.state === null ? "" : `: ${t(`state_${each.state}`)}`}${each.node.customer_id ? ` · ${each.node.customer_id} ${each.node.sla_class}` : ""}</title>
            <path d=${each.state === null ? SHAPES.dim : SHAPES[each.state]} />
            ${each.node.id === broken && html`<circle class="broken" r="10" />`}
            ${each.state !== null && html`<text x="10" y="4">${each.node.name.split(" ").slice(-1)[0]} ${each.node.sla_class}</text>`}
          </g>`,
        )}
      </svg>
    </div>
  `;
}
