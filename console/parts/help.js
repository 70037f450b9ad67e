// The keys, and what an operator chooses for this browser: single keys, language, light theme.

import { html } from "../vendor/preact-htm.js";
import { LANGUAGES, speak, t } from "../words/words.js";

const KEYS = [["j k ↓ ↑", "key_move"], ["x", "key_tick"], ["o ↵", "key_open"], ["a", "acknowledge"], ["s", "shelve"], ["c", "clear"], ["n", "note"], ["/", "key_search"], ["Ctrl-K", "find"], ["Esc", "key_leave"]];

/** @param {{session: import("../session.js").Session, keys: boolean, switchKeys: (on: boolean) => void}} props */
export function Help({ session, keys, switchKeys }) {
  const root = document.documentElement;
  return html`<aside class="help" aria-label=${t("keys")}>
    <dl>${KEYS.map(([key, word]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${t(word)}</dd></div>`)}</dl>
    <label><input type="checkbox" checked=${keys} onChange=${() => switchKeys(!keys)} /> ${t("keys_on")}</label>
    <label>${t("language")} <select value=${root.lang} onChange=${async (/** @type {any} */ event) => {
      localStorage.setItem("faultd.language", event.target.value);
      await speak(event.target.value);
      session.changed();
    }}>${LANGUAGES.map((each) => html`<option value=${each}>${each}</option>`)}</select></label>
    <label><input type="checkbox" checked=${root.dataset.theme === "light"} onChange=${() => {
      const light = root.dataset.theme !== "light";
      root.dataset.theme = light ? "light" : "dark";
      localStorage.setItem("faultd.theme", light ? "light" : "dark");
      session.changed();
    }} /> ${t("theme")}</label>
  </aside>`;
}
