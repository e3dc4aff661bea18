/**
 * The browsers, each by its own library, with the same few methods.
 *
 * @typedef {object} Driver
 * @property {string} name
 * @property {string} version
 * @property {(address: string) => Promise<void>} go  until the page has loaded
 * @property {(read: Function, ...values: unknown[]) => Promise<any>} evaluate  in the page
 * @property {(selector: string) => Promise<void>} click
 * @property {(text: string) => Promise<void>} type
 * @property {(keys: string) => Promise<void>} press  `Tab`, `Control+Enter`
 * @property {() => Promise<void>} quit
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import puppeteer from "puppeteer-core";
import { Builder, By, Capabilities, Key } from "selenium-webdriver";
import { findFreePort } from "selenium-webdriver/net/portprober.js";

const SIZE = { width: 1280, height: 900 };
const PATIENCE = 120_000; // milliseconds that a page may take on a busy machine

/** The first of these programs that the machine has. @param {string[]} names */
function program(...names) {
  const places = names.flatMap((name) => process.env.PATH.split(delimiter).map((folder) => join(folder, name)));
  const found = places.find((place) => {
    try {
      return accessSync(place, constants.X_OK) ?? true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error(`找不到 ${names.join("、")}，请先运行 make browsers`);
  return found;
}

/** Firefox by WebDriver BiDi. @param {string} proxy  for every other host @returns {Promise<Driver>} */
export async function firefox(proxy) {
  const { hostname, port } = new URL(proxy);
  const preferences = {
    "network.proxy.type": 1,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
  };
  for (const kind of ["http", "ssl"]) {
    preferences[`network.proxy.${kind}`] = hostname;
    preferences[`network.proxy.${kind}_port`] = Number(port);
  }
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: program("firefox-esr", "firefox"),
    extraPrefsFirefox: preferences,
    // Lets the preference above keep Firefox from asking its makers for settings.
    env: { ...process.env, MOZ_REMOTE_SETTINGS_DEVTOOLS: "1" },
    defaultViewport: SIZE,
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  return {
    name: "Firefox",
    version: (await browser.version()).replace(/.*\//, ""),
    go: async (address) => void (await page.goto(address)),
    evaluate: (read, ...values) => page.evaluate(read, ...values),
    click: (selector) => page.click(selector),
    type: (text) => page.keyboard.type(text),
    async press(keys) {
      const names = keys.split("+");
      for (const name of names) await page.keyboard.down(name);
      for (const name of names.reverse()) await page.keyboard.up(name);
    },
    quit: () => browser.close(),
  };
}

/** WebKitGTK's own small browser, on a screen that nobody sees. @param {string} proxy @returns {Promise<Driver>} */
export async function webkit(proxy) {
  const screen = spawn(program("Xvfb"), ["-displayfd", "1", "-screen", "0", "1400x1000x24"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [display] = await once(screen.stdout, "data");
  const port = await findFreePort("127.0.0.1");
  const server = spawn(program("WebKitWebDriver"), [`--port=${port}`], {
    env: { ...process.env, DISPLAY: `:${display}`.trim(), http_proxy: proxy, https_proxy: proxy, no_proxy: "127.0.0.1" },
    stdio: "ignore",
  });
  const address = `http://127.0.0.1:${port}`;
  await patiently(() => fetch(`${address}/status`));
  const browser = await new Builder()
    .usingServer(address)
    .withCapabilities(
      new Capabilities({
        browserName: "MiniBrowser",
        pageLoadStrategy: "none", // it waits for ever for a page with isolation headers
      }),
    )
    .build();
  await browser.manage().window().setRect({ x: 0, y: 0, ...SIZE });
  /** @param {string} name  `ArrowRight` @returns {string} */
  const key = (name) => Key[name.replace(/(?<=[a-z])(?=[A-Z])/, "_").toUpperCase()] ?? name;
  return {
    name: "WebKitGTK",
    version: (await browser.getCapabilities()).getBrowserVersion(),
    async go(address) {
      await browser.executeScript(() => void (window.left = true));
      await browser.get(address);
      await patiently(() => browser.executeScript(() => !window.left && document.readyState === "complete"));
    },
    evaluate: (read, ...values) => browser.executeScript(read, ...values),
    click: (selector) => browser.findElement(By.css(selector)).click(),
    type: (text) => browser.actions().sendKeys(text).perform(),
    async press(keys) {
      const actions = browser.actions();
      const names = keys.split("+").map(key);
      for (const name of names) actions.keyDown(name);
      for (const name of names.reverse()) actions.keyUp(name);
      await actions.perform();
    },
    async quit() {
      await browser.quit();
      server.kill();
      screen.kill();
    },
  };
}

/** Until it is so; what fails is tried again. @param {() => Promise<unknown>} action */
async function patiently(action) {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      if (await action()) return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    if (performance.now() > end) throw new Error(`没有等到（never came true）：${action}`);
    await setTimeout(50);
  }
}
