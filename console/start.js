// The beginning: words, token, session. The token is in this tab alone, and is never in an address that is kept.

import { Component, html, render } from "./vendor/preact-htm.js";
import { PageFrame } from "./parts/page_frame.js";
import { SignIn } from "./pages/sign_in.js";
import { Session } from "./session.js";
import { Rest, RestError } from "./wire/rest.js";
import { preferred, speak, t } from "./words/words.js";

const KEPT = "faultd.token";

class Console extends Component {
  /** @type {{session: Session | null, wrong: string, ready: boolean}} */
  state = { session: null, wrong: "", ready: false };

  async componentDidMount() {
    document.documentElement.dataset.theme = localStorage.getItem("faultd.theme") ?? "dark";
    await speak(preferred());
    // `#TOKEN` is for a link that a program prints: it is taken out of the address at once.
    const given = location.hash === "" ? null : location.hash.slice(1);
    if (given !== null) history.replaceState(null, "", location.pathname + location.search);
    const token = given ?? sessionStorage.getItem(KEPT);
    if (token !== null) await this.enter(token);
    this.setState({ ready: true });
  }

  /** @param {string} token */
  async enter(token) {
    try {
      const start = await new Rest(token).get("/console");
      sessionStorage.setItem(KEPT, token);
      document.title = start.title;
      this.setState({ session: new Session(token, start, () => this.setState({})), wrong: "" });
    } catch (error) {
      const known = error instanceof RestError;
      if (known && error.status === 401) sessionStorage.removeItem(KEPT);
      this.setState({ wrong: known && error.status === 401 ? t("token_refused") : String(known ? error.message : error) });
    }
  }

  leave() {
    this.state.session?.end();
    sessionStorage.removeItem(KEPT);
    this.setState({ session: null, wrong: "" });
  }

  render() {
    const { session, wrong, ready } = this.state;
    if (session !== null) {
      return html`<${PageFrame} session=${session} now=${Date.now()} signOut=${() => this.leave()} />`;
    }
    return ready ? html`<${SignIn} wrong=${wrong} enter=${(/** @type {string} */ token) => this.enter(token)} />` : null;
  }
}

render(html`<${Console} />`, /** @type {HTMLElement} */ (document.getElementById("console")));
