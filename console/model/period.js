// The bar of a measurement period: where each share of it begins and how long it is. No DOM, no network, no clock.

/**
 * @typedef {object} Share
 * @property {"up" | "down" | "excluded" | "unknown" | "ahead"} kind
 * @property {number} from part of the period, 0 to 1
 * @property {number} length likewise
 * @property {string} start RFC 3339
 * @property {string} end RFC 3339
 */

/**
 * The shares of a period from its begin to its end; what has not come yet is `ahead`.
 * @param {{period_start: string, period_end: string, timeline: {start: string, end: string, share: string}[]}} report
 * @returns {Share[]}
 */
export function sharesOf(report) {
  const start = Date.parse(report.period_start), all = Date.parse(report.period_end) - start;
  if (!(all > 0)) return [];
  const shares = report.timeline.map((each) => share(/** @type {Share["kind"]} */ (each.share), each.start, each.end));
  const last = report.timeline.at(-1)?.end ?? report.period_start;
  if (Date.parse(last) < start + all) shares.push(share("ahead", last, report.period_end));
  return shares;

  /** @param {Share["kind"]} kind @param {string} from @param {string} to @returns {Share} */
  function share(kind, from, to) {
    return { kind, from: (Date.parse(from) - start) / all, length: (Date.parse(to) - Date.parse(from)) / all, start: from, end: to };
  }
}
