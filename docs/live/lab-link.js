/**
 * The state of a parameter panel in the page's address, so that a link opens exactly one setting:
 * `#lab&view=dependency&filters=2&padding="same"&input=None,6,6,1&cell=y5`.
 */

import { FORM as KERNEL } from "./lab-kernel.js";
import { FORM as SAMPLE } from "./lab-samples.js";

/** @import {Link} from "./lab-comparison.js" */
/** @import {Opening} from "./lab-opening.js" */
/**
 * @typedef {object} State  as labkit.diagrams.panel takes it
 * @property {string} layer
 * @property {Record<string, string>} settings  Python text by parameter
 * @property {(number | null)[][]} inputs  shapes with the batch axis; null is None
 * @property {boolean} training
 * @property {number[]} masked  time steps that a mask hides, in the view of recurrent layers
 *
 * @typedef {object} Place  what the reader looks at
 * @property {string} layer  chosen on a page for all layers; '' on a layer's own page
 * @property {string} view
 * @property {string} cell  chosen in a picture, as in `y5`; `p1` is a cell of a recurrent layer
 * @property {number} step  -1: none has been chosen
 * @property {boolean} backward
 * @property {string} data  what is sent through the layer, as lab-samples.js names it; '' is the default
 * @property {string} kernel  the kernels that the reader has edited, as lab-kernel.js writes them
 */

const START = "#lab&";
const LONGEST = 20_000; // characters of a link
const MOST = 100; // parts of a link
const OURS = new Set(["layer", "view", "input", "training", "masked", "cell", "step", "backward", "data", "kernel", "with"]);
const OTHER = "with."; // before what belongs to the layer compared with
const OTHERS = new Set(["input", "training", "masked"].map((name) => OTHER + name));

/** @param {State} state @param {State} original @param {Place} place @param {State | null} [other]  compared with it */
export function toHash(state, original, place, other = null) {
  const found = new URLSearchParams();
  if (place.layer) found.set("layer", place.layer);
  found.set("view", place.view);
  // What is back at its default, although the page's example sets it, is an empty text.
  for (const name of new Set([...Object.keys(original.settings), ...Object.keys(state.settings)])) {
    const text = state.settings[name] ?? "";
    if (text !== original.settings[name]) found.set(name, text);
  }
  if (`${state.inputs}` !== `${original.inputs}` || state.inputs.length !== original.inputs.length) {
    for (const shape of state.inputs) found.append("input", written(shape));
  }
  if (other) {
    found.set("with", other.layer);
    for (const [name, text] of Object.entries(other.settings)) found.set(OTHER + name, text);
    if (`${other.inputs}` !== `${state.inputs}`) for (const shape of other.inputs) found.append(`${OTHER}input`, written(shape));
    if (other.training !== state.training) found.set(`${OTHER}training`, other.training ? "1" : "0");
    if (`${other.masked}` !== `${state.masked}`) found.set(`${OTHER}masked`, other.masked.join());
  }
  if (state.training) found.set("training", "1");
  if (state.masked.length) found.set("masked", state.masked.join());
  if (place.cell) found.set("cell", place.cell);
  if (["steps", "volume", "recurrent"].includes(place.view)) {
    if (place.step >= 0) found.set("step", `${place.step}`);
    if (place.backward) found.set("backward", "1");
  }
  if (place.view === "data") {
    if (place.data) found.set("data", place.data);
    if (place.kernel) found.set("kernel", place.kernel);
  }
  return START + found;
}

/** @param {(number | null)[]} shape */
const written = (shape) => shape.map((n) => n ?? "None").join();

const MASKED = /^\d{1,9}(,\d{1,9})*$/;
const SHAPE = /^(None|\d{1,9})(,(None|\d{1,9})){0,31}$/;
/** How the values of our own names are written; anybody can write a link. */
const FORMS = {
  input: SHAPE,
  [`${OTHER}input`]: SHAPE,
  [`${OTHER}training`]: /^[01]$/,
  masked: MASKED,
  [`${OTHER}masked`]: new RegExp(`^$|${MASKED.source}`), // nothing, although the first has a mask
  step: /^\d{1,9}$/,
  cell: /^[xwyp]\d{1,9}$/,
  data: SAMPLE,
  kernel: KERNEL,
};

/**
 * @param {string} hash
 * @param {Opening} opening  what the link does not say stays as here
 * @returns {{state: State, place: Place, other: Link | null, refused: string} | null}
 *   null for any other address; `refused`: in a sentence, what of the link is not followed
 */
export function fromHash(hash, { state: original, titles, families, chooses, shown }) {
  if (!hash.startsWith(START)) return null;
  const count = hash.split("&").length;
  const long = hash.length > LONGEST || count > MOST;
  const given = new URLSearchParams(long ? "" : hash.slice(START.length));
  const layers = families.flatMap(([, names]) => names);
  /** @type {string[]} */
  const refused = [];
  for (const [name, text] of [...given]) {
    const form = Object.hasOwn(FORMS, name) ? FORMS[/** @type {keyof FORMS} */ (name)] : /^/;
    if (form.test(text) && (name !== "view" || Object.hasOwn(titles, text)) && ((name !== "layer" || !chooses) && name !== "with" || layers.includes(text))) continue;
    refused.push(`${name}=${text}`);
    given.delete(name, text);
  }
  const settings = { ...original.settings };
  /** @type {Record<string, string>} */
  const others = {};
  for (const [name, text] of given) {
    if (OURS.has(name) || OTHERS.has(name)) continue;
    if (name.startsWith(OTHER)) others[name.slice(OTHER.length)] = text;
    else if (text) settings[name] = text;
    else delete settings[name];
  }
  const shapes = (/** @type {string} */ name) => given.getAll(name).map((text) => text.split(",").map(axis));
  const inputs = shapes("input");
  const layer = given.get("with");
  const phase = given.get(`${OTHER}training`);
  const masked = given.get(`${OTHER}masked`);
  return {
    state: { layer: original.layer, settings, inputs: inputs.length ? inputs : original.inputs, training: given.has("training"), masked: numbers(given.get("masked") ?? "") },
    place: {
      layer: chooses ? (given.get("layer") ?? "") : "",
      view: given.get("view") ?? shown.views[0],
      cell: given.get("cell") ?? "",
      step: Number(given.get("step") ?? -1),
      backward: given.has("backward"),
      data: given.get("data") ?? "",
      kernel: given.get("kernel") ?? "",
    },
    other: layer
      ? { layer, settings: others, inputs: shapes(`${OTHER}input`), ...(phase && { training: phase === "1" }), ...(masked !== null && { masked: numbers(masked) }) }
      : null,
    refused: long ? `链接太长（${hash.length} 个字符，${count} 项），没有采用。` : told(refused),
  };
}

/** @param {string[]} refused  `name=text` */
function told(refused) {
  const shown = refused.slice(0, 3).map((one) => (one.length > 40 ? `${one.slice(0, 40)}…` : one));
  const others = refused.length > shown.length ? `等 ${refused.length} 处` : "";
  return refused.length ? `链接里的 ${shown.join("、")} ${others}看不懂，没有采用。` : "";
}

/** The length of an axis as it is typed; null is None. @param {string} text */
export function axis(text) {
  return /^\s*\d+\s*$/.test(text) ? whole(text) : null;
}

/** All numbers in a text. @param {string} text */
export function numbers(text) {
  return (text.match(/\d+/g) ?? []).map(whole);
}

/** Still an integer for Python, however long. @param {string} digits */
function whole(digits) {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
