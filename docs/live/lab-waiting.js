/** Over a picture that is out of date: what is awaited, how far it is, and a way out if it takes too long. */
import { button, element } from "./element.js";

const DELAY = 150; // milliseconds; most answers come sooner, and need no words
const LIMIT = 20; // seconds without a word, after which the reader may stop it

export class Waiting {
  /** Heard once; the progress beside it would interrupt all the time. */
  #said = element("p", { className: "lab-said", role: "status" });
  #progress = element("p", { className: "lab-progress" });
  element = element("div", { className: "lab-waiting" }, this.#said, this.#progress);
  #delay = 0;
  #limit = 0;

  /**
   * @param {(waits: boolean) => void} show  the picture is out of date; or need not be waited for
   * @param {() => void} stop
   * @param {() => void} retry
   */
  constructor(show, stop, retry) {
    this.show = show;
    this.ways = [button("停止", stop), button("重试", retry)];
  }

  /** @param {string} awaited  what the reader waits for */
  begin(awaited) {
    clearTimeout(this.#delay);
    this.#delay = window.setTimeout(() => {
      this.#said.textContent = awaited;
      this.show(true);
    }, this.#said.textContent ? 0 : DELAY);
    if (!this.#limit) this.#watch();
  }

  /** @param {string} text  what is being loaded */
  progress(text) {
    if (!this.#limit) return;
    this.#progress.textContent = text;
    this.#watch();
  }

  end() {
    clearTimeout(this.#delay);
    clearTimeout(this.#limit);
    this.#limit = 0;
    this.#said.textContent = this.#progress.textContent = "";
    this.show(false);
  }

  #watch() {
    clearTimeout(this.#limit);
    this.#limit = window.setTimeout(() => this.#progress.replaceChildren(`已经 ${LIMIT} 秒没有回音。`, ...this.ways), LIMIT * 1000);
  }
}
