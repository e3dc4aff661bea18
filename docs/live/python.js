/** The page's side of the worker: start it on first need, run one job at a time, stop. */

import { Pulse } from "./pulse.js";
import { Silence } from "./silence.js";

/** @import {FromWorker, Loss, Question, Replaced, Stray, ToWorker} from "./messages.js" */
/** @typedef {(message: FromWorker | Replaced | Stray) => void} Listener  to all that concerns one job */
/** @typedef {{id: number, question: Question, on: Listener}} Job */

// Python looks at the interrupt buffer between bytecodes; a long step in C does not.
const PATIENCE = 800;
const KEYBOARD_INTERRUPT = 2; // SIGINT
const WORKER = { part: "python-worker.js", reason: "没有下载下来", network: true };
/**
 * A worker from a blob inherits the page's Content-Security-Policy; one that is started from an
 * address knows only headers, which many hosts do not send. `import` as a statement would count as
 * starting a worker from an address: here and in what is imported. What the page says meanwhile
 * waits. It is no module itself: Firefox's modules wait for ever for a request that blocks, as
 * lifeline.js makes.
 * @param {string} address
 */
function starter(address) {
  const source = `
    const waiting = [];
    const wait = ({ data }) => waiting.push(data);
    addEventListener("message", wait);
    import(${JSON.stringify(address)}).then(() => {
      removeEventListener("message", wait);
      waiting.forEach((data) => dispatchEvent(new MessageEvent("message", { data })));
    }, reportError);`;
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}

/** Shared memory; some browsers lack it where others have it. */
function interruptBuffer() {
  const shared = crossOriginIsolated && "SharedArrayBuffer" in globalThis;
  return shared ? new Uint8Array(new SharedArrayBuffer(1)) : null;
}

export class Python {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Uint8Array | null} */
  #interrupt = null;
  /** In its place, without shared memory: an address. */
  #lifeline = "";
  /** By id, in the order of asking: the first one runs. @type {Map<number, Job>} */
  #jobs = new Map();
  #lastId = 0;
  /** The one that the worker has been sent. @type {Job | null} */
  #sent = null;
  /** The worker has begun with it. */
  #begun = false;
  /** The cell's job that ended last: its reader is told what comes of it later. @type {Job | null} */
  #recent = null;
  #inCell = false;
  #pulse = new Pulse(
    () => this.#send({ type: "ping" }),
    () => this.#receive({ type: "lost", why: "silent", reason: "" }),
  );
  #silence = new Silence(
    (text, part) => this.#first?.on({ type: "progress", text, part }),
    (part, reason) => this.#giveUp({ part, reason, network: true }),
  );
  /** The files that came last could not be used. */
  #damaged = false;
  /** Whether Python has answered, so that a question costs no loading. */
  ready = false;

  /** Load Python before the first run; where loading has failed, the reader says when to try again. */
  warm() {
    if (!this.#worker && !this.#damaged) this.#attempt(() => this.#start());
  }

  /** Python without its variables. A job that runs is stopped. */
  restart() {
    if (this.#first) this.#lose();
    else this.#forget(false);
    if (!this.#worker) this.#attempt(() => this.#start());
  }

  #start() {
    const file = new URL("./python-worker.js", import.meta.url);
    // The browser's cache may hold it damaged.
    if (this.#damaged) file.search = `${Date.now()}`;
    const worker = new Worker(starter(file.href));
    /** @param {FromWorker | Stray} message */
    const receive = (message) => {
      // What a worker said before it was ended may still arrive.
      if (worker === this.#worker) this.#receive(message);
    };
    worker.onmessage = ({ data }) => receive(data);
    worker.onerror = (event) => {
      event.preventDefault(); // the console need not repeat it
      // Once Python has answered, it is something that the reader's code left behind.
      if (!this.ready) return receive({ type: "lost", why: "load", loss: WORKER });
      receive({ type: "stray", reason: event.message.trim().split("\n").at(-1) ?? "" });
    };
    this.#worker = worker;
    this.#interrupt = interruptBuffer();
    this.#send({ type: "start", interrupt: this.#interrupt });
    this.#silence.heard(WORKER.part);
  }

  /** What the browser refuses is told as any other loss. @param {() => void} action */
  #attempt(action) {
    try {
      action();
    } catch (error) {
      // Later, as every message: the job's owner is not yet back from asking.
      const reason = "Worker" in globalThis ? String(error) : "没有 Web Worker";
      setTimeout(() => this.#receive({ type: "lost", why: "start", reason }));
    }
  }

  get #first() {
    return this.#jobs.values().next().value;
  }

  /** @param {Question} question @param {Listener} on @returns {Job} */
  run(question, on) {
    const job = { id: ++this.#lastId, question, on };
    this.#jobs.set(job.id, job);
    this.#begin();
    return job;
  }

  /** @param {Job} job */
  stop(job) {
    const { id, question, on } = job;
    if (job !== this.#first) {
      this.#jobs.delete(id);
      on({ type: "finished", id, failed: question.type === "run" ? question.target : null });
    } else if (this.#inCell) {
      if (this.#interrupt) this.#interrupt[0] = KEYBOARD_INTERRUPT;
      else URL.revokeObjectURL(this.#lifeline);
      this.#send({ type: "stop" });
      setTimeout(() => job === this.#first && this.#lose(), PATIENCE);
    } else if (this.ready) {
      this.#send({ type: "cancel", reason: "", network: false, stopped: true });
      // It may have begun by now.
      setTimeout(() => job === this.#first && (this.#inCell ? this.stop(job) : this.#lose()), PATIENCE);
    } else {
      this.#lose();
    }
  }

  /** Nothing comes any more. A Python that runs stays. @param {Loss} loss */
  #giveUp(loss) {
    if (this.ready) this.#send({ type: "cancel", reason: loss.reason, network: loss.network });
    else this.#receive({ type: "lost", why: "load", loss });
  }

  #lose() {
    this.#receive({ type: "lost", why: "stop", reason: "" });
  }

  /** @param {ToWorker} message */
  #send(message) {
    this.#worker?.postMessage(message);
  }

  /** Send the first job, once: at the end of a job its owner may have asked for another. */
  #begin() {
    const job = this.#first;
    if (!job || job === this.#sent) return;
    this.#sent = job;
    this.#begun = false;
    this.#attempt(() => {
      if (!this.#worker) this.#start();
      if (this.#interrupt) this.#interrupt[0] = 0;
      else this.#lifeline = URL.createObjectURL(new Blob());
      // Before the job, which Python may be busy with for long.
      if (this.ready) this.#pulse.check();
      this.#send({ ...job.question, id: job.id, lifeline: this.#lifeline });
    });
  }

  /** @param {FromWorker | Stray} message */
  #receive(message) {
    if (message.type === "pong") return this.#pulse.answered();
    this.#silence.heard(message.type === "progress" ? message.part : null);
    // Loading and the loss of the worker concern the job that waits for it.
    const job = "id" in message ? this.#jobs.get(message.id) : this.#first;
    if ("id" in message && !job) return; // to a job that was stopped
    if ("id" in message) this.#begun = true;
    if (message.type === "lost" && message.why === "silent" && job && !this.#begun) return this.#replace(job);
    if (message.type === "begin") this.#inCell = true;
    if (message.type === "begin" || message.type === "answer") [this.ready, this.#damaged] = [true, false];
    if (message.type === "end") this.#inCell = false;
    if (message.type === "lost") this.#forget(message.why === "load");
    const over = message.type === "finished" || message.type === "unloaded" || message.type === "lost";
    if (over && job) this.#jobs.delete(job.id);
    if (over) URL.revokeObjectURL(this.#lifeline);
    (job ?? (message.type === "progress" ? null : this.#recent))?.on(message);
    if (!over) return;
    if (message.type === "lost") this.#recent = null;
    else if (job?.question.type === "run") this.#recent = job;
    this.#begin();
    // What the code left behind shows now, not when the reader asks for the next cell.
    if (this.ready && !this.#first) this.#pulse.check();
  }

  /** What kept Python busy is none of this job's, which waits for a new one. @param {Job} job */
  #replace(job) {
    this.#forget(false);
    this.#recent = this.#sent = null;
    job.on({ type: "replaced" });
    this.#begin();
  }

  /** The worker is of no use any more. @param {boolean} damaged */
  #forget(damaged) {
    this.#worker?.terminate();
    this.#worker = null;
    this.#inCell = this.ready = false;
    this.#silence.heard(null);
    this.#damaged ||= damaged;
    this.#pulse.answered();
  }
}
