// The pages of the console. The address names the page: `?page=sla&...`; without one it is the list of alarms. A page's scripts, words
// and looks are read when it is opened for the first time: words/LANGUAGE/NAME.json and look/NAME.css belong to pages/NAME.js.

import { Alarms } from "./alarms.js";

/**
 * What a page is given: `address` are the fields behind the `?` without `page`; `go` opens another address of the console.
 * @typedef {object} PageProps
 * @property {import("../session.js").Session} session
 * @property {number} now ms since 1970
 * @property {URLSearchParams} address
 * @property {boolean} keys whether single keys work
 * @property {(page: string, fields?: Record<string, string>, remember?: boolean) => void} go
 */

/**
 * @typedef {object} PageEntry
 * @property {string} name behind `page=`; its tab says `page_NAME`
 * @property {() => Promise<any>} load its component
 */

/** In the order of their tabs. @type {PageEntry[]} */
export const PAGES = [
  { name: "alarms", load: async () => Alarms },
  { name: "sla", load: async () => (await import("./sla.js")).Sla },
  { name: "calendar", load: async () => (await import("./calendar.js")).Calendar },
  { name: "plant", load: async () => (await import("./plant.js")).Plant },
  { name: "rules", load: async () => (await import("./rules.js")).Rules },
  { name: "inbox", load: async () => (await import("./inbox.js")).Inbox },
];

/** The page of this name, the list of alarms for a name that nobody knows. @param {string} name */
export function pageOf(name) {
  return PAGES.find((each) => each.name === name) ?? PAGES[0];
}
