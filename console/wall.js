// The wallboard: the causes for a screen that nobody sits at. Its token is in its own address (`wall.html#TOKEN`) and stays there, so that
// the screen comes back by itself after a power cut; therefore it takes only a token that may look and not act.

import { Component, html, render } from "./vendor/preact-htm.js";
import { Wall } from "./pages/wall.js";
import { Session } from "./session.js";
import { Rest, RestError, why } from "./wire/rest.js";
import { learn, preferred, speak, t } from "./words/words.js";

/** Of trying again to begin, ms. */
const AGAIN = 10_000;

class WallBoard extends Component {
  /** @type {{session: Session | null, wrong: string}} */
  state = { session: null, wrong: "" };

  async componentDidMount() {
    document.documentElement.dataset.theme = "dark";
    await speak(preferred());
    await learn("wall");
    await this.enter();
  }

  async enter() {
    const token = location.hash.slice(1);
    if (token === "") return this.setState({ wrong: t("wall_no_token") });
    try {
      const start = await new Rest(token).get("/console");
      if (start.me.role !== "viewer") return this.setState({ wrong: t("wall_may_act", { role: start.me.role }) });
      document.title = start.title;
      this.setState({ session: new Session(token, start, () => this.setState({})), wrong: "" });
    } catch (error) {
      const refused = error instanceof RestError && error.status === 401;
      this.setState({ wrong: refused ? t("token_refused") : why(error) });
      if (!refused) setTimeout(() => this.enter(), AGAIN);
    }
  }

  render() {
    const { session, wrong } = this.state;
    if (session !== null) return html`<${Wall} session=${session} now=${Date.now()} />`;
    return wrong === "" ? null : html`<main class="wall"><p class="wrong" role="alert">${wrong}</p></main>`;
  }
}

render(html`<${WallBoard} />`, /** @type {HTMLElement} */ (document.getElementById("console")));
