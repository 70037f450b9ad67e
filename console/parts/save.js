// Files for the browser to keep.

import { why } from "../wire/rest.js";
import { t } from "../words/words.js";

/** ms in which the browser takes the content. */
const KEPT_FOR = 60_000;

/** Give the browser a file of the API. @param {import("../session.js").Session} session @param {string} path @param {Record<string, string>} query @param {string} name */
export async function saveFile(session, path, query, name) {
  try {
    keep(await session.rest.file(path, query), name);
  } catch (error) {
    session.tell(t("failed", { why: why(error) }));
  }
}

/** Offer something to be kept as a file. @param {Blob} content @param {string} name */
export function keep(content, name) {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  [link.href, link.download] = [url, name];
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_FOR);
}
