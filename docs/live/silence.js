/** How long nothing has come of what is awaited: said after a while, and given up in the end. */

// Ticks, not the time: a machine that slept counts as one tick.
const TICK = 1000;
const NOTED = 10;
const LIMIT = 30;

export class Silence {
  #clock = 0;

  /** @param {(text: string, part: string) => void} told @param {(part: string, reason: string) => void} over */
  constructor(told, over) {
    this.told = told;
    this.over = over;
  }

  /** Something of it has come, or it has just been asked for; null where nothing is awaited. @param {string | null} part */
  heard(part) {
    clearInterval(this.#clock);
    this.#clock = 0;
    if (!part) return;
    let ticks = 0;
    this.#clock = window.setInterval(() => {
      ticks += 1;
      if (ticks >= LIMIT) {
        this.heard(null);
        this.over(part, `没有下载下来（${LIMIT} 秒没有收到数据）`);
      } else if (ticks >= NOTED) this.told(`${part} 已经 ${ticks} 秒没有收到数据…`, part);
    }, TICK);
  }
}
