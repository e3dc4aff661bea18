/** Whether the worker listens: asked while it should be idle, it answers at once. */

// Ticks, not one long time: a machine that slept counts as one tick, and the answer is there.
const TICK = 500;
const TICKS = 5;

export class Pulse {
  #clock = 0;

  /** @param {() => void} ask @param {() => void} silent  there was no answer */
  constructor(ask, silent) {
    this.ask = ask;
    this.silent = silent;
  }

  check() {
    if (this.#clock) return;
    let ticks = 0;
    this.#clock = window.setInterval(() => {
      if (++ticks < TICKS) return;
      this.answered();
      this.silent();
    }, TICK);
    this.ask();
  }

  answered() {
    clearInterval(this.#clock);
    this.#clock = 0;
  }
}
