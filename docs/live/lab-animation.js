/** The button that makes a GIF of a picture's steps: how far it is, and a way to give it up. */
import { button, element } from "./element.js";
import { saveFile } from "./file.js";

/** @import {Frames} from "./lab-gif.js" */

export class Animation {
  #said = element("span", { className: "lab-status", role: "status" });
  #make = /** @type {HTMLButtonElement} */ (button("下载 GIF", () => this.#start()));
  #stop = button("取消", () => this.#work?.abort());
  element = element("span", { className: "lab-animation" }, this.#make, this.#stop, this.#said);
  /** @type {AbortController | null} */
  #work = null;
  /** @type {() => Frames | null} */
  #frames = () => null;

  /** @param {() => string} name  of the file, without its ending */
  constructor(name) {
    this.name = name;
    this.#stop.hidden = true;
    this.offer(null);
  }

  /** What the picture that is shown now would be walked through by; null where it has no steps. @param {(() => Frames | null) | null} frames */
  offer(frames) {
    this.#work?.abort();
    this.#frames = frames ?? (() => null);
    this.element.hidden = !frames;
  }

  async #start() {
    const frames = this.#frames();
    if (!frames) return;
    const work = (this.#work = new AbortController());
    const name = this.name();
    this.#stop.hidden = false;
    // A button that is disabled would drop the keyboard's place in the page.
    if (document.activeElement === this.#make) this.#stop.focus();
    this.#make.disabled = true;
    try {
      const { gif } = await import("./lab-gif.js");
      const style = getComputedStyle(this.element);
      const told = (/** @type {number} */ done) => (this.#said.textContent = `第 ${done} 步，共 ${frames.count} 步…`);
      saveFile(await gif(frames, style, told, work.signal), `${name}.gif`);
      this.#said.textContent = "";
    } catch (error) {
      this.#said.textContent = work.signal.aborted ? "已取消" : `没有做成（${error instanceof Error ? error.message : error}）`;
    } finally {
      const held = this.element.contains(document.activeElement);
      this.#make.disabled = false;
      this.#stop.hidden = true;
      if (held) this.#make.focus();
    }
  }
}
