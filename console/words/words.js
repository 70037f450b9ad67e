// The texts of the console in one language. A text that a language lacks is English.

export const LANGUAGES = ["en", "de"];

/** The pages whose words have been asked for. @type {Set<string>} */
const pages = new Set(["alarms"]);
/** @type {Record<string, string>} */
let english = {};
/** @type {Record<string, string>} */
let chosen = {};

/** Speak a language from now on. @param {string} language one of LANGUAGES */
export async function speak(language) {
  const [first, other] = await Promise.all(["en", language].map(read));
  [english, chosen] = [first, other];
  document.documentElement.lang = language;
}

/** Read the words of a page that is opened for the first time. @param {string} page */
export async function learn(page) {
  if (pages.has(page)) return;
  pages.add(page);
  await speak(document.documentElement.lang);
}

/** @param {string} language @returns {Promise<Record<string, string>>} */
async function read(language) {
  const answers = await Promise.all([...pages].map((page) => fetch(`/console/words/${language}/${page}.json`)));
  return Object.assign({}, ...(await Promise.all(answers.map((answer) => answer.json()))));
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
