// What a page reads of the API: read at once, again by itself, and anew when something else is wanted. What was read stays in sight
// while it is read again.

import { Component, html } from "../vendor/preact-htm.js";
import { why } from "../wire/rest.js";
import { t } from "../words/words.js";

export class Reads extends Component {
  /** `of` is what was read, which is not what is wanted while that is on its way. @type {{data: any, wrong: string, of: string}} */
  state = { data: undefined, wrong: "", of: "" };
  /** @type {AbortController | null} */
  reading = null;
  of = "";

  componentDidMount() {
    this.again();
    if (this.props.every > 0) this.timer = setInterval(() => document.hidden || this.again(), 1000 * this.props.every);
  }

  componentDidUpdate() {
    if (this.props.of !== this.of) this.again();
  }

  componentWillUnmount() {
    this.reading?.abort();
    clearInterval(this.timer);
  }

  async again() {
    this.reading?.abort();
    const { signal } = (this.reading = new AbortController());
    const of = (this.of = this.props.of);
    try {
      const data = await this.props.read(signal);
      if (!signal.aborted) this.setState({ data, wrong: "", of });
    } catch (error) {
      if (signal.aborted) return;
      this.setState({ wrong: why(error), of, ...(of === this.state.of ? {} : { data: undefined }) });
    }
  }

  /**
   * `of` names what is read; `every` is in seconds, 0 for once; `shows` draws it and may ask to read again.
   * @param {{of: string, every?: number, read: (signal: AbortSignal) => Promise<any>, shows: (data: any, again: () => void) => unknown}} props
   */
  render({ of, shows }) {
    const { data, wrong } = this.state.of === of ? this.state : { data: undefined, wrong: "" };
    return html`
      ${wrong !== "" && html`<p class="wrong" role="alert">${t("unread", { why: wrong })}</p>`}
      ${data === undefined ? wrong === "" && html`<p class="loading">${t("loading")}</p>` : shows(data, () => this.again())}
    `;
  }
}
