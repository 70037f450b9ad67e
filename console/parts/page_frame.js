// What is around every page: the head with the tabs, the banner, the help, and what the last action did.

import { Component, html } from "../vendor/preact-htm.js";
import { duration } from "../model/clock.js";
import { PAGES, pageOf } from "../pages/pages.js";
import { learn, t } from "../words/words.js";
import { Banner } from "./banner.js";
import { Find } from "./find.js";
import { Help } from "./help.js";
import { writes } from "./keys.js";

const KEYS_KEPT = "faultd.keys";

export class PageFrame extends Component {
  /** @type {{name: string, page: any, help: boolean, finds: boolean, keys: boolean, unread: string}} */
  state = { name: "", page: null, help: false, finds: false, keys: localStorage.getItem(KEYS_KEPT) !== "off", unread: "" };

  componentDidMount() {
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.key(event);
    this.onAddress = () => this.show();
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("popstate", this.onAddress);
    this.show();
  }

  componentWillUnmount() {
    if (this.onKey !== undefined) document.removeEventListener("keydown", this.onKey);
    if (this.onAddress !== undefined) window.removeEventListener("popstate", this.onAddress);
  }

  /** Open another address of the console. @param {string} page @param {Record<string, string>} fields @param {boolean} remember */
  go(page, fields = {}, remember = true) {
    const query = new URLSearchParams(page === PAGES[0].name ? fields : { page, ...fields }).toString();
    const address = query === "" ? location.pathname : `?${query}`;
    if (remember) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.show();
  }

  /** Show what the address names. */
  async show() {
    const entry = pageOf(new URLSearchParams(location.search).get("page") ?? "");
    if (entry === PAGES[0]) this.props.session.goTo(location.search);
    if (entry.name === this.state.name) return this.setState({});
    try {
      const [page] = await Promise.all([entry.load(), learn(entry.name), look(entry.name)]);
      this.setState({ name: entry.name, page, unread: "" });
    } catch (error) {
      this.setState({ unread: t("unread", { why: String(error) }) });
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.setState({ finds: true });
    } else if (event.key === "Escape" && this.state.help) this.setState({ help: false });
    else if (event.key === "?" && this.state.keys && !writes(event)) this.setState({ help: !this.state.help });
  }

  /** @param {boolean} keys */
  switchKeys(keys) {
    localStorage.setItem(KEYS_KEPT, keys ? "on" : "off");
    this.setState({ keys });
  }

  /** @param {{session: import("../session.js").Session, now: number, signOut: () => void}} props */
  render({ session, now, signOut }) {
    const { name, page, help, finds, keys, unread } = this.state;
    const { me, title } = session.start;
    const address = new URLSearchParams(location.search);
    address.delete("page");
    const go = this.go.bind(this);
    return html`
      <header class="top">
        <h1>${title}</h1>
        <nav class="pages" aria-label=${t("pages")}>
          ${PAGES.map((each) => html`<button aria-current=${each.name === name ? "page" : undefined} onClick=${() => go(each.name)}>${t(`page_${each.name}`)}</button>`)}
        </nav>
        <span class="who">${[me.name, me.tenant, live(session)].filter(Boolean).join(" · ")}</span>
        <button onClick=${() => this.setState({ finds: true })}>${t("find")} <kbd>Ctrl-K</kbd></button>
        <button onClick=${() => this.setState({ help: !help })} aria-expanded=${help} aria-label=${t("keys")}>?</button>
        <button onClick=${signOut}>${t("sign_out")}</button>
      </header>
      <${Banner} session=${session} />
      ${help && html`<${Help} session=${session} keys=${keys} switchKeys=${(/** @type {boolean} */ on) => this.switchKeys(on)} />`}
      ${unread !== "" && html`<p class="wrong" role="alert">${unread}</p>`}
      ${page !== null && html`<${page} session=${session} now=${now} address=${address} keys=${keys} go=${go} />`}
      ${finds && html`<${Find} session=${session} go=${go} done=${() => this.setState({ finds: false })} />`}
      ${done(session, now)}
    `;
  }
}

/** How long ago faultd was heard. @param {import("../session.js").Session} session */
function live(session) {
  const { age } = session.sight();
  return age < 0 ? "" : t("sees", { age: duration(age) });
}

/** What the last action did, with its way back. @param {import("../session.js").Session} session @param {number} now */
function done(session, now) {
  const { toast } = session;
  return html`<div class="toast" role="status">
    ${toast !== null && html`<p>${toast.text} ${toast.back !== "" && html`<button onClick=${() => session.undo()}>${t("undo", { seconds: Math.max(0, Math.ceil((toast.until - now) / 1000)) })} <kbd>u</kbd></button>`}</p>`}
  </div>`;
}

/** @type {Set<string>} */
const looked = new Set(["alarms"]);

/** Read the looks of a page, once; one that has none needs no file. @param {string} name */
async function look(name) {
  if (looked.has(name)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = `/console/look/${name}.css`;
  await new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error(link.href));
    document.head.append(link);
  });
  looked.add(name);
}
