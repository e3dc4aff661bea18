/** Walks through the steps of a picture: one back, one on, play, or straight to a step. */
import { button, element } from "./element.js";

const PACE = 1000; // milliseconds a step while playing

export class Player {
  #timer = 0;
  step = 0;

  /**
   * @param {number} count  of steps
   * @param {(step: number) => void} show
   * @param {(plays: boolean) => void} playing  while it plays, nothing should be read out
   * @param {Node[]} others  more controls of the picture, in front
   */
  constructor(count, show, playing, ...others) {
    this.count = count;
    this.show = show;
    this.playing = playing;
    this.range = /** @type {HTMLInputElement} */ (
      element("input", { type: "range", min: "0", max: `${count - 1}`, value: "0", ariaLabel: "第几步" })
    );
    this.range.addEventListener("input", () => this.go(this.range.valueAsNumber));
    this.play = button("播放", () => (this.#timer ? this.pause() : this.#start()));
    this.place = element("output", {});
    const way = (/** @type {number} */ by) => () => {
      this.pause();
      this.go(this.step + by);
    };
    this.element = element(
      "div",
      { className: "lab-player", role: "group", ariaLabel: "逐步播放" },
      ...others,
      button("上一步", way(-1)),
      this.play,
      button("下一步", way(1)),
      this.range,
      this.place,
    );
  }

  #start() {
    this.play.textContent = "暂停";
    this.playing(true);
    if (this.step === this.count - 1) this.go(0);
    this.#timer = window.setInterval(() => {
      if (!this.element.isConnected || this.step === this.count - 1) this.pause();
      else this.go(this.step + 1);
    }, PACE);
  }

  pause() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.play.textContent = "播放";
    this.playing(false);
  }

  /** @param {number} step */
  go(step) {
    this.step = Math.min(Math.max(step, 0), this.count - 1);
    this.range.value = `${this.step}`;
    this.place.textContent = `第 ${this.step + 1} 步，共 ${this.count} 步`;
    this.show(this.step);
  }
}
