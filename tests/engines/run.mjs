/** Runs the checks: node tests/engines/run.mjs [firefox | webkit [part of a check's name]] */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { checks } from "./checks.mjs";
import * as drivers from "./drivers.mjs";
import { Reader } from "./reader.mjs";
import { Watch } from "./watch.mjs";

const [ENGINE, PART = ""] = process.argv.slice(2);
const LIMIT = 15 * 60_000; // milliseconds; a browser that hangs says nothing
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** @param {string[]} options */
async function serve(...options) {
  const server = spawn(".venv/bin/python", ["-m", "docs.tools.serve", "site", ...options], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  /** @type {string} */
  const address = await new Promise((resolve, reject) => {
    server.stdout.setEncoding("utf8").on("data", (text) => {
      const found = /http:\S+(?=\/)/.exec(text);
      if (found) resolve(found[0]);
    });
    server.on("exit", () => reject(new Error("docs.tools.serve has not started")));
  });
  return { server, address };
}

/** @param {string} engine @param {{isolated: string, plain: string}} hosts @param {Watch} watch */
async function run(engine, hosts, watch) {
  const start = performance.now();
  const driver = await drivers[engine](hosts.plain);
  const wanted = checks.filter(([name]) => name.includes(PART));
  /** @type {string[]} */
  const failures = [];
  try {
    const reader = new Reader(driver, hosts, watch);
    const { isolated, ...features } = await reader.features();
    const has = Object.entries(features).map(([name, there]) => `${name} ${there ? "有" : "没有"}`);
    console.log(`${driver.name} ${driver.version}：${has.join("，")}`);
    for (const [name, check] of wanted) {
      const before = performance.now();
      try {
        await check(reader);
        reader.expectNoProblems();
      } catch (error) {
        failures.push(name);
        console.log(`没有通过（FAILED）${driver.name}：${name}\n    ${error.message.replaceAll("\n", "\n    ")}`);
        if (!error.seen) console.log(error.stack);
      }
      if (process.env.VERBOSE) console.log(`  ${name} ${((performance.now() - before) / 1000).toFixed(1)} s`);
    }
  } finally {
    await driver.quit();
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${driver.name}：${wanted.length - failures.length} 项通过，${failures.length} 项没有通过，${seconds} 秒`);
  return failures.length;
}

setTimeout(() => {
  console.log("15 分钟还没有检查完（took too long）");
  process.exit(1);
}, LIMIT).unref();
const [isolated, plain] = await Promise.all([
  serve("--port", "8600"),
  serve("--port", "8700", "--no-isolation"),
]);
const watch = new Watch();
let failures = 0;
try {
  const hosts = { isolated: await watch.host(isolated.address), plain: await watch.host(plain.address) };
  for (const engine of ENGINE ? [ENGINE] : Object.keys(drivers)) failures += await run(engine, hosts, watch);
} finally {
  watch.close();
  isolated.server.kill();
  plain.server.kill();
}
process.exitCode = failures ? 1 : 0;
