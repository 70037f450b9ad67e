// A file of the API for the browser to keep.

import { t } from "../words/words.js";

/** Give the browser a file of the API. @param {import("../session.js").Session} session @param {string} path @param {Record<string, string>} query @param {string} name */
export async function saveFile(session, path, query, name) {
  try {
    const url = URL.createObjectURL(await session.rest.file(path, query));
    const link = document.createElement("a");
    [link.href, link.download] = [url, name];
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    session.tell(t("failed", { why: error instanceof Error ? error.message : String(error) }));
  }
}
