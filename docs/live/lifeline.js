/**
 * The interrupt of a Python that shares no memory with the page: an address that exists as long as
 * its cell may run. Python looks at `[0]` between bytecodes, as it does at a shared buffer.
 */
const INTERVAL = 200; // milliseconds between two looks
const CALLS = 50; // of `[0]` between two looks at the clock
const KEYBOARD_INTERRUPT = 2; // SIGINT

export class Lifeline {
  /** Where nothing is, nothing interrupts. */
  #address = "";
  #Request = XMLHttpRequest; // kept from the reader's code
  #calls = 0;
  #next = 0;

  /** From now on; where it cannot be asked for, as a host may refuse it, there is no interrupt. @param {string} address */
  hold(address) {
    this.#address = address;
    if (!this.#exists()) this.drop();
  }

  drop() {
    this.#address = "";
  }

  get 0() {
    if (!this.#address || ++this.#calls % CALLS) return 0;
    const now = performance.now();
    if (now < this.#next) return 0;
    this.#next = now + INTERVAL;
    if (this.#exists()) return 0;
    this.drop();
    return KEYBOARD_INTERRUPT;
  }

  /** Python takes note of what it saw. */
  set 0(_) {}

  #exists() {
    try {
      const request = new this.#Request();
      request.open("GET", this.#address, false);
      request.send();
      return true;
    } catch {
      return false;
    }
  }
}
