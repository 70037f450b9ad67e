// The way in: a token, pasted.

import { Component, html } from "../vendor/preact-htm.js";
import { t } from "../words/words.js";

export class SignIn extends Component {
  state = { token: "" };

  /** @param {{wrong: string, enter: (token: string) => void}} props */
  render({ wrong, enter }) {
    return html`
      <main class="sign-in">
        <form onSubmit=${(/** @type {Event} */ event) => {
          event.preventDefault();
          if (this.state.token.trim() !== "") enter(this.state.token.trim());
        }}>
          <h1>faultd</h1>
          <label>${t("token")}
            <input type="password" autocomplete="off" spellcheck="false" autofocus value=${this.state.token}
              aria-describedby="token-help" onInput=${(/** @type {any} */ event) => this.setState({ token: event.target.value })} /></label>
          <p id="token-help">${t("token_help")}</p>
          ${wrong !== "" && html`<p class="wrong" role="alert">${wrong}</p>`}
          <button type="submit" class="first">${t("show_alarms")}</button>
        </form>
      </main>
    `;
  }
}
