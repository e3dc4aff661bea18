/** What a panel opens with, before Python is up: its controls, and the pictures of its default. */

/** @import {Contrast} from "./lab-comparison.js" */
/** @import {Control} from "./lab-form.js" */
/** @import {Place, State} from "./lab-link.js" */
/** @import {Drawn} from "./lab-picture.js" */
/**
 * @typedef {object} Described  by labkit.diagrams.panel.show, which also draws
 * @property {string[]} views
 * @property {string[]} cost
 * @property {string} code
 * @property {boolean} phases  whether training makes a difference
 * @property {string=} error
 * @property {{label: string, state: State}[]=} fixes
 * @typedef {Drawn & Described} Shown
 *
 * @typedef {object} Opening  from labkit.diagrams.panel.opening
 * @property {State} state
 * @property {Control[]} controls
 * @property {Record<string, string>} titles
 * @property {Described} shown
 * @property {Record<string, Omit<Drawn, "view"> & {wide?: string}>} pictures  by view, in both widths; Python itself sends none
 * @property {Contrast[]} contrasts
 * @property {[string, string[]][]} families  all layers
 * @property {State=} example  of the layer, where the page shows another setting: what a link to the page of all layers starts from
 * @property {boolean=} chooses  whether the panel is that of all layers
 */

const FILES = new URL("./openings/", import.meta.url);
const PATIENCE = 10_000; // milliseconds; Python may have what the network has not

/** What came with the page. @param {Element} lab @returns {Opening} */
export function embedded(lab) {
  const opening = JSON.parse(lab.querySelector(":scope > script")?.textContent ?? "");
  opening.pictures = {};
  for (const figure of lab.querySelectorAll("figure")) {
    const [svg, wide] = [...figure.querySelectorAll(":scope > svg, :scope > div > svg")].map((drawn) => drawn.outerHTML);
    const rest = JSON.parse(figure.querySelector("script")?.textContent ?? "");
    opening.pictures[figure.dataset.view ?? ""] = { svg, wide, ...rest };
  }
  return opening;
}

/** The site's file of a layer; an error says in Chinese why it did not come. @param {string} layer @returns {Promise<Opening>} */
export async function fetched(layer) {
  const response = await fetch(new URL(`${layer}.json`, FILES), { signal: AbortSignal.timeout(PATIENCE) }).catch(({ name }) => {
    throw new Error(name === "TimeoutError" ? "太久没有下载下来" : "连不上服务器");
  });
  if (!response.ok) throw new Error(`服务器答复 ${response.status}`);
  return response.json().catch(() => {
    throw new Error("没有下载完整");
  });
}

/** The default in a view, as it is shown; none where only Python can draw it. @param {Opening} opening @param {string} view @param {boolean} wide @returns {Shown | null} */
export function picture({ shown, pictures }, view, wide) {
  if (!Object.hasOwn(pictures, view)) return null;
  const made = pictures[view];
  return { ...shown, ...made, svg: (wide && made.wide) || made.svg, view };
}
