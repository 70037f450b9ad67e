// The REST API with the operator's token.

export const FAULTS = "/api/v1/faults";

/** An answer that is no success: the problem's words (RFC 9457), and its status; 0 when there was none. */
export class RestError extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** A failure in words. @param {unknown} error */
export function why(error) {
  return error instanceof Error ? error.message : String(error);
}

/** An answer that nothing is there: no such thing, or a name that none can have. Other failures go on. @template T @param {Promise<any>} asked @param {T} otherwise @returns {Promise<any | T>} */
export async function unlessNone(asked, otherwise) {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RestError && NONE.has(error.status)) return otherwise;
    throw error;
  }
}

/** Not found, a wrong parameter, not in this state. */
const NONE = new Set([400, 404, 409, 422]);

export class Rest {
  #token;

  /** @param {string} token */
  constructor(token) {
    this.#token = token;
  }

  /** @param {string} path below FAULTS @param {Record<string, string | number>} [query] @param {AbortSignal} [signal] */
  get(path, query, signal) {
    const words = query === undefined ? "" : `?${new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]))}`;
    return this.#ask("GET", `${FAULTS}${path}${words}`, undefined, signal);
  }

  /** @param {string} path below FAULTS @param {unknown} body */
  post(path, body) {
    return this.#ask("POST", `${FAULTS}${path}`, body);
  }

  /** @param {string} path below FAULTS @param {unknown} body */
  patch(path, body) {
    return this.#ask("PATCH", `${FAULTS}${path}`, body);
  }

  /** @param {string} path below FAULTS */
  delete(path) {
    return this.#ask("DELETE", `${FAULTS}${path}`);
  }

  /** A file of the API, whole. @param {string} path below FAULTS @param {Record<string, string>} query */
  async file(path, query) {
    const answer = await fetch(`${FAULTS}${path}?${new URLSearchParams(query)}`, { headers: { Authorization: `Bearer ${this.#token}` }, cache: "no-store" });
    if (!answer.ok) throw new RestError(answer.status, (await answer.json().catch(() => ({}))).detail ?? `status ${answer.status}`);
    return answer.blob();
  }

  /** The state of the daemon's parts, whatever its status. */
  async readiness() {
    const answer = await fetch("/readyz", { cache: "no-store" });
    return answer.json();
  }

  /** @param {string} method @param {string} url @param {unknown} [body] @param {AbortSignal} [signal] */
  async #ask(method, url, body, signal) {
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Bearer ${this.#token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    /** @type {Response} */
    let answer;
    try {
      answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, cache: "no-store" });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new RestError(0, "faultd does not answer");
    }
    const text = await answer.text();
    /** @type {any} */
    let content = null;
    try {
      content = text === "" ? null : JSON.parse(text);
    } catch {
      throw new RestError(answer.status, `an answer that is no JSON (${answer.status})`);
    }
    if (!answer.ok) throw new RestError(answer.status, content?.detail ?? content?.title ?? `status ${answer.status}`);
    return content;
  }
}
