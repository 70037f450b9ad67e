// The sound for new causes of a view. A browser plays none before a person has clicked in the page.

import { html } from "../vendor/preact-htm.js";
import { duration } from "../model/clock.js";
import { t } from "../words/words.js";

const KEPT = "faultd.sound";
const MUTE_MINUTES = 15;
/** Two tones, Hz, and the length of each, s. */
const TONES = [880, 660], LENGTH = 0.18;

/** @type {AudioContext | null} */
let audio = null;

/** The views that sound in this browser. @returns {string[]} */
export function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(found) ? found.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}

/** Sound once. Returns whether it could be heard. */
export function ring() {
  if (audio === null || audio.state !== "running") return false;
  const start = audio.currentTime;
  TONES.forEach((tone, n) => {
    const context = /** @type {AudioContext} */ (audio), source = context.createOscillator(), volume = context.createGain();
    source.frequency.value = tone;
    volume.gain.setValueAtTime(0.2, start + n * LENGTH);
    volume.gain.exponentialRampToValueAtTime(0.001, start + (n + 1) * LENGTH);
    source.connect(volume).connect(context.destination);
    source.start(start + n * LENGTH);
    source.stop(start + (n + 1) * LENGTH);
  });
  return true;
}

/** @param {{session: import("../session.js").Session, now: number}} props */
export function Sound({ session, now }) {
  const { chime, query } = session, on = chime.sounds(query), muted = chime.mutedUntil - now;
  const begin = async () => {
    audio ??= new AudioContext();
    await audio.resume();
    session.changed();
  };
  const toggle = () => {
    chime.toggle(query);
    localStorage.setItem(KEPT, JSON.stringify([...chime.views]));
    if (chime.sounds(query)) begin();
    session.changed();
  };
  return html`
    <button aria-pressed=${on} onClick=${toggle} title=${t("sound_help")}>${t("sound")}</button>
    ${on && (audio === null || audio.state !== "running") && html`<button onClick=${begin}>${t("sound_waits")}</button>`}
    ${on && html`<button onClick=${() => {
      if (muted > 0) chime.mute(now, 0);
      else chime.mute(now, MUTE_MINUTES);
      session.changed();
    }}>${muted > 0 ? t("sound_muted", { left: duration(muted) }) : t("sound_mute", { minutes: MUTE_MINUTES })}</button>`}
  `;
}
