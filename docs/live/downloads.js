/** The worker's downloads under watch: a file that does not come is an error that names it. */

/** @import {Loss} from "./messages.js" */

export class LoadError extends Error {
  /** @param {Loss} loss */
  constructor(loss) {
    super(`${loss.part} ${loss.reason}`);
    this.loss = loss;
  }
}

const INCOMPLETE = "没有下载完整";

/** @param {string} part @param {number} status  of the server's answer */
function refused(part, status) {
  return new LoadError({ part, reason: `没有下载下来（服务器答复 ${status}）`, network: false });
}

/** @param {string} part @param {boolean} checked  A wrong hash is reported as a failed download. */
function unreached(part, checked) {
  const reason = checked ? `没有下载下来，或者${INCOMPLETE}` : "没有下载下来（连不上服务器）";
  return new LoadError({ part, reason, network: true });
}

/** @param {string} part */
export function incomplete(part) {
  return new LoadError({ part, reason: INCOMPLETE, network: true });
}

/**
 * Watch what is fetched from below `root`.
 * @param {string} root
 * @param {boolean} reload  pass by the browser's cache
 * @param {(error: LoadError) => void} failed
 */
export function watchFetch(root, reload, failed) {
  const { fetch } = self;
  /** What the browser's cache may hold damaged. @type {Set<string>} */
  const lost = new Set();
  self.fetch = async (file, options) => {
    const url = file instanceof Request ? file.url : new URL(file, self.location.href).href;
    if (!url.startsWith(root)) return fetch(file, options);
    const part = url.slice(root.length);
    const fresh = reload || lost.has(part);
    try {
      const response = await fetch(file, fresh ? { ...options, cache: "reload" } : options);
      if (!response.ok) throw refused(part, response.status);
      lost.delete(part);
      return response;
    } catch (cause) {
      const error = cause instanceof LoadError ? cause : unreached(part, Boolean(options?.integrity));
      lost.add(part);
      failed(error);
      throw error;
    }
  };
}
