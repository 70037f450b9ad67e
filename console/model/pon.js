// The plant below a PON port as a picture: places of nodes, and the state of each ONT. No DOM, no network, no clock.

/** @typedef {import("./types.js").Alarm} Alarm */
/** @typedef {import("./board.js").Board} Board */

/**
 * @typedef {object} PlantNode
 * @property {string} id
 * @property {string} type
 * @property {string[]} parents
 * @property {string} name
 * @property {string} customer_id
 * @property {string} sla_class
 *
 * @typedef {"dark" | "gasped" | "dim" | "quiet"} OntState
 *
 * @typedef {object} Placed
 * @property {PlantNode} node
 * @property {number} x
 * @property {number} y
 * @property {string | null} above id of the node that it hangs on
 * @property {OntState | null} state of an ONT
 */

const GASPS = new Set(["ont_dying_gasp"]);
const DARK = new Set(["ont_los", "ont_lof", "ont_lost"]);
const DIM = new Set(["ont_low_optical_power", "ont_signal_degraded", "ont_window_drift"]);

/** The worst that the open alarms say of each resource, by its id. @param {Board} board @returns {Map<string, OntState>} */
export function states(board) {
  /** @type {Map<string, OntState>} */
  const found = new Map();
  for (const alarm of board.alarms.values()) {
    if (alarm.cleared_at !== null) continue;
    const known = found.get(alarm.resource_id);
    if (GASPS.has(alarm.symptom)) found.set(alarm.resource_id, "gasped");
    else if (DARK.has(alarm.symptom) && known !== "gasped") found.set(alarm.resource_id, "dark");
    else if (DIM.has(alarm.symptom) && known === undefined) found.set(alarm.resource_id, "dim");
  }
  return found;
}

/**
 * Each node of the tree below `root` with its place: a column for each level, a row for each ONT.
 * @param {PlantNode[]} nodes @param {string} root @param {Map<string, OntState>} ontStates
 * @param {{column: number, row: number}} size
 * @returns {{placed: Placed[], width: number, height: number}}
 */
export function placed(nodes, root, ontStates, size) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @type {Map<string, PlantNode[]>} */
  const below = new Map();
  for (const node of nodes) {
    const above = node.parents.find((each) => byId.has(each));
    if (above === undefined || node.id === root) continue;
    const siblings = below.get(above);
    if (siblings === undefined) below.set(above, [node]);
    else siblings.push(node);
  }
  /** @type {Placed[]} */
  const found = [];
  let row = 0, deepest = 0;
  /** @param {PlantNode} node @param {number} depth @param {string | null} above @returns {number} its y */
  const place = (node, depth, above) => {
    deepest = Math.max(deepest, depth);
    const mine = found.length;
    const state = node.type === "ont" ? (ontStates.get(node.id) ?? "quiet") : null;
    found.push({ node, x: depth * size.column, y: 0, above, state });
    const ys = (below.get(node.id) ?? []).map((child) => place(child, depth + 1, node.id));
    const y = ys.length > 0 ? (ys[0] + ys[ys.length - 1]) / 2 : row++ * size.row;
    found[mine].y = y;
    return y;
  };
  const top = byId.get(root);
  if (top !== undefined) place(top, 0, null);
  return { placed: found, width: (deepest + 1) * size.column, height: Math.max(1, row) * size.row };
}
