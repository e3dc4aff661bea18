/** Between the browser and the site: notes the errors of pages, and what goes to another host. */
import { createServer, request } from "node:http";
import { once } from "node:events";

// At the head of every page. Asked at once and waited for, so that no error comes too late.
const SCRIPT = `
const tell = (text) => {
  const request = new XMLHttpRequest();
  request.open("POST", "/watch/problem", false);
  request.send(text);
};
const { error } = console;
console.error = (...parts) => (tell("console: " + parts.join(" ")), error(...parts));
addEventListener("error", (event) => {
  const { src, href, rel } = event.target;
  if (rel === "next") return; // Firefox gets it beforehand, and gives up what it must not keep
  tell(event.message ? "uncaught: " + event.message : "not loaded: " + (src ?? href));
}, true);
addEventListener("unhandledrejection", ({ reason }) => tell("uncaught: " + reason));
addEventListener("securitypolicyviolation", (event) => tell("refused: " + event.blockedURI));
`;
const HEAD = '<head><script src="/watch/script.js"></script>';
const BLANK = `<!doctype html><html>${HEAD}</head></html>`;

export class Watch {
  /** What has happened since the last check. @type {string[]} */
  problems = [];
  #servers = [];

  /** The address of a host that passes on what `site` answers. @param {string} site */
  async host(site) {
    const server = createServer((question, answer) => this.#take(site, question, answer));
    // As a proxy, it is asked for all that is not on this machine.
    server.on("connect", ({ url }, socket) => {
      this.problems.push(`request to another host: ${url}`);
      socket.destroy();
    });
    this.#servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return `http://127.0.0.1:${server.address().port}`;
  }

  close() {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #take(site, question, answer) {
    const { url, method } = question;
    if (!url.startsWith("/")) {
      this.problems.push(`request to another host: ${url}`);
      answer.writeHead(502).end();
    } else if (url === "/watch/script.js") {
      answer.writeHead(200, { "Content-Type": "text/javascript" }).end(SCRIPT);
    } else if (url === "/watch/blank") {
      answer.writeHead(200, { "Content-Type": "text/html" }).end(BLANK);
    } else if (url === "/watch/problem") {
      this.problems.push((await question.toArray()).join(""));
      answer.end();
    } else {
      this.#pass(site + url, method, question.headers, answer);
    }
  }

  #pass(address, method, headers, answer) {
    const asked = request(address, { method, headers: { ...headers, "accept-encoding": "identity" } });
    asked.on("error", (error) => {
      this.problems.push(`the site: ${error}`);
      answer.destroy();
    });
    asked.on("response", async (reply) => {
      const { statusCode } = reply;
      const page = reply.headers["content-type"]?.startsWith("text/html");
      if (!page || method === "HEAD") return reply.pipe(answer.writeHead(statusCode, reply.headers));
      const { "content-length": _, etag, ...others } = reply.headers;
      const text = Buffer.concat(await reply.toArray()).toString();
      answer.writeHead(statusCode, others).end(text.replace("<head>", HEAD));
    });
    asked.end();
  }
}
