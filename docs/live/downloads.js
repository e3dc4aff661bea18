/** The worker's downloads, counted and checked: a file that does not come whole is an error that names it. */
import { sha256 } from "@noble/hashes/sha2";
import { FILES, nameOf, PROGRAM } from "./runtime-files.js";

/** @import {Arrivals} from "./arrivals.js" */
/** @import {Loss} from "./messages.js" */

const UNREACHED = "没有下载下来（连不上服务器）";
const CUT = "没有下载完整";
const WRONG = "下载下来的内容不对";

export class LoadError extends Error {
  /** @param {Loss} loss */
  constructor(loss) {
    super(`${loss.part} ${loss.reason}`);
    this.loss = loss;
  }
}

/** Of another content than the site has: the browser's cache may hold it. */
class Damaged extends LoadError {}

/** @param {string} part @param {string} reason @param {boolean} network @returns {Loss} */
const loss = (part, reason, network) => ({ part: nameOf(part), reason, network });

/** @param {string} part @param {unknown} error */
function unusable(part, error) {
  return new LoadError(loss(part, `在这个浏览器里不能用（${/** @type {Error} */ (error).message}）`, false));
}

/** Hexadecimal. @param {Uint8Array<ArrayBuffer>} bytes */
async function hash(bytes) {
  // Browsers have theirs only on https and on this machine.
  const digest = self.crypto.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Downloads {
  #end = new AbortController();
  #fetch = self.fetch.bind(self);

  /** Told of every file that has not come. @type {(error: LoadError) => void} */
  failed = () => {};

  /** @param {string} root @param {Arrivals} arrivals */
  constructor(root, arrivals) {
    this.root = root;
    this.arrivals = arrivals;
  }

  /** Take the place of `fetch` for what Pyodide itself asks for. */
  serve() {
    /** @type {typeof fetch} */
    self.fetch = async (file, options) => {
      const url = file instanceof Request ? file.url : new URL(file, self.location.href).href;
      const part = url.slice(this.root.length);
      if (!url.startsWith(this.root) || !(part in FILES)) return this.#fetch(file, options);
      // The program is compiled while it comes, before Pyodide asks for it.
      return new Response(part === PROGRAM ? null : await this.get(part));
    };
  }

  /** Give up what is under way. @param {Omit<Loss, "part">} why */
  cancel(why) {
    this.#end.abort(why);
    this.#end = new AbortController();
  }

  /** The bytes of a file. @param {string} part */
  async get(part) {
    return (await this.use(part)).bytes;
  }

  /**
   * A file that is of use before all of it has come, and its bytes. One in the browser's cache that
   * is not what the site has is fetched anew.
   * @template T
   * @param {string} part @param {(response: Response) => Promise<T>} [begin]
   */
  async use(part, begin) {
    try {
      return await this.#attempt(part, begin, "default").catch((error) => {
        if (error instanceof Damaged) return this.#attempt(part, begin, "reload");
        throw error;
      });
    } catch (error) {
      this.failed(/** @type {LoadError} */ (error));
      throw error;
    }
  }

  /** A module, checked on its way into the browser's cache, out of which it is taken. @param {string} part */
  async module(part) {
    await this.get(part);
    return import(`${this.root}${part}`).catch((error) => {
      const lost = error instanceof SyntaxError ? unusable(part, error) : new LoadError(loss(part, UNREACHED, true));
      this.failed(lost);
      throw lost;
    });
  }

  /**
   * @template T
   * @param {string} part @param {((response: Response) => Promise<T>) | undefined} begin @param {RequestCache} cache
   */
  async #attempt(part, begin, cache) {
    const { signal } = this.#end;
    this.arrivals.open(part);
    try {
      const response = await this.#fetch(this.root + part, { cache, signal });
      if (!response.ok) throw new LoadError(loss(part, `没有下载下来（服务器答复 ${response.status}）`, false));
      const begun = begin?.(response.clone());
      begun?.catch(() => {}); // what is wrong with the file is the better reason
      const bytes = await this.#whole(part, response);
      return { bytes, begun: await begun?.catch((error) => Promise.reject(unusable(part, error))) };
    } catch (error) {
      if (signal.aborted) throw new LoadError({ part: nameOf(part), ...signal.reason });
      throw error instanceof LoadError ? error : new LoadError(loss(part, UNREACHED, true));
    } finally {
      this.arrivals.close(part);
    }
  }

  /** @param {string} part @param {Response} response */
  async #whole(part, { body }) {
    const { size, sha256 } = FILES[part];
    const bytes = new Uint8Array(size);
    const reader = /** @type {ReadableStream<Uint8Array>} */ (body).getReader();
    let come = 0;
    for (;;) {
      const { done, value } = await reader.read().catch(() => Promise.reject(new LoadError(loss(part, CUT, true))));
      if (done) break;
      if (come + value.length > size) throw new Damaged(loss(part, WRONG, false));
      bytes.set(value, come);
      come += value.length;
      this.arrivals.came(part, value.length);
    }
    if (come < size) throw new Damaged(loss(part, CUT, true));
    if ((await hash(bytes)) !== sha256) throw new Damaged(loss(part, WRONG, false));
    return bytes;
  }
}
