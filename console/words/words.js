// The texts of the console in one language. A text that a language lacks is English.

export const LANGUAGES = ["en", "de"];

/** @type {Record<string, string>} */
let english = {};
/** @type {Record<string, string>} */
let chosen = {};

/** Read the words of a language. @param {string} language one of LANGUAGES */
export async function speak(language) {
  if (Object.keys(english).length === 0) english = await read("en");
  chosen = language === "en" ? english : await read(language);
  document.documentElement.lang = language;
}

/** @param {string} language @returns {Promise<Record<string, string>>} */
async function read(language) {
  const answer = await fetch(`/console/words/${language}.json`);
  return answer.json();
}

/** The text of this key, with each `{name}` replaced. @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  const text = chosen[key] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** The language to begin with: the one chosen before in this browser, else the browser's, else English. */
export function preferred() {
  const wanted = [localStorage.getItem("faultd.language") ?? "", ...navigator.languages];
  for (const each of wanted) {
    const short = each.slice(0, 2).toLowerCase();
    if (LANGUAGES.includes(short)) return short;
  }
  return "en";
}
