/** A classic script that runs before the theme's own: what the theme does otherwise than this site needs. */
import "./no-storage.js";

/** By script: the element that it makes, the places that are dumb without it, what still works there. */
const SCRIPTS = /** @type {Record<string, [string, string, string]>} */ ({
  "live-code.js": ["live-code", ".live.highlight", "代码可以读，现在不能运行"],
  "layer-lab.js": ["layer-lab", "layer-lab", "图可以看，现在不能改参数"],
  "kernel-explorer.js": ["kernel-explorer", "kernel-explorer", "图可以看，现在不会动"],
  "my-record.js": ["my-record", "my-record", "现在看不到记录"],
});
const PATIENCE = 20_000; // milliseconds that a script may take

// A script of the site that does not come would leave its places dumb. Module scripts fail
// once the page has been read.
{
  /** @param {string} name */
  const tell = (name) => {
    const [, places, words] = SCRIPTS[name];
    delete SCRIPTS[name];
    for (const place of document.querySelectorAll(places)) {
      const note = Object.assign(document.createElement("p"), { className: "live-missing" });
      note.textContent = `${words}：这一页的一个文件没有载入。请检查网络，再重新载入页面。`;
      place.before(note);
    }
    // The browser's cache may hold a damaged one, which a reload would take again.
    for (const { name } of performance.getEntriesByType("resource")) {
      if (/\/live\/[^/]+\.js$/.test(name)) fetch(name, { cache: "reload" }).catch(() => {});
    }
  };
  /** @param {Event} event */
  const missing = ({ target }) => {
    const script = /** @type {HTMLScriptElement} */ (target);
    const name = script.type === "module" && script.src?.split("/").at(-1);
    if (name && name in SCRIPTS) tell(name);
  };
  addEventListener("error", missing, true);
  // One that hangs, or that cannot be read, says nothing.
  setTimeout(() => {
    for (const [name, [tag, places]] of Object.entries(SCRIPTS)) {
      if (document.querySelector(places) && !customElements.get(tag)) tell(name);
    }
  }, PATIENCE);
}

// The theme loads the search index with every page, however large it has grown;
// this holds the request back until the reader turns to the search box.
{
  const { open, send } = XMLHttpRequest.prototype;
  const held = new WeakSet();
  XMLHttpRequest.prototype.open = function (/** @type {any[]} */ ...request) {
    if (`${request[1]}`.endsWith("search/search_index.json")) held.add(this);
    Reflect.apply(open, this, request);
  };
  XMLHttpRequest.prototype.send = function (/** @type {any} */ body) {
    if (!held.has(this)) return send.call(this, body);
    const field = document.forms.namedItem("search")?.query;
    field.addEventListener("focus", () => send.call(this), { once: true });
  };
}

// The theme's search starts its worker from an address; from a blob, the page's policy governs it,
// and the policy can forbid all others. Its addresses stay those of the file.
if ("Worker" in globalThis) {
  const Plain = Worker;
  globalThis.Worker = class extends Plain {
    /** @param {string | URL} address @param {WorkerOptions} [options] */
    constructor(address, options) {
      const { href, protocol } = new URL(address, document.baseURI);
      super(protocol === "blob:" ? href : starter(href), options);
    }
  };
  /** @param {string} address */
  const starter = (address) => {
    const source = `const load = importScripts, address = ${JSON.stringify(address)};
      importScripts = (...files) => load(...files.map((file) => new URL(file, address).href));
      importScripts(address);`;
    return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  };
}

// The theme cuts Chinese queries into words but never reaches the last character, so that
// 最大池化 looks for 最大 alone. A character that is in no word takes the last place instead.
if ("Worker" in globalThis) {
  const QUERY = 2; // the theme's message type
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (/** @type {any} */ message, /** @type {any[]} */ ...rest) {
    if (message?.type === QUERY) message.data = message.data.replace(/\p{Script=Han}{3,}/gu, "$&〇");
    Reflect.apply(postMessage, this, [message, ...rest]);
  };
}
