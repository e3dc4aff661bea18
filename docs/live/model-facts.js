/** What a model tells of itself (labkit.diagrams.architecture.outline): read, and in words. */
import { toHash } from "./lab-link.js";

/**
 * @typedef {object} Call  of a layer of the model
 * @property {string} key  its name in the picture of boxes
 * @property {string} box  its layer's name in the graph
 * @property {string} kind
 * @property {boolean} inner  of a model inside the model, whose numbers hold its
 * @property {[string, string][]} settings
 * @property {(number | null)[][]} inputs
 * @property {(number | null)[][]} outputs
 * @property {number} parameters
 * @property {boolean} shared  its parameters are counted at an earlier call
 * @property {string} sum
 * @property {number | null} multiplications  null: it depends on a length that is open
 * @property {string} panel  the address that shows the layer in the panel; '' where none does
 *
 * @typedef {object} Model
 * @property {string} name
 * @property {string} kind
 * @property {number} layers
 * @property {number} parameters
 * @property {number} frozen
 * @property {number | null} multiplications
 * @property {Call[]} calls
 * @property {Record<string, unknown>} pictures
 */

const MOST = 2000; // calls
const LONGEST = 400; // characters of a text

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value.slice(0, LONGEST) : "");
/** @param {unknown} value */
const count = (value) => (typeof value === "number" && Number.isFinite(value) ? value : 0);
/** @param {unknown} value @returns {any[]} */
const list = (value) => (Array.isArray(value) ? value.slice(0, MOST) : []);
/** @param {unknown} value @returns {Record<string, unknown>} */
const object = (value) => (value && typeof value === "object" ? /** @type {any} */ (value) : {});
/** @param {unknown} value @returns {(number | null)[][]} */
const shapes = (value) => list(value).map((shape) => list(shape).map((n) => (n === null ? null : count(n))));
/** @param {unknown} value */
const pairs = (value) => Object.entries(object(value)).slice(0, 60).map(([name, one]) => /** @type {[string, string]} */ ([text(name), text(one)]));

/** The reader's code may have written it: every part is taken as what it should be. @param {string} json @returns {Model} */
export function readModel(json) {
  const given = object(JSON.parse(json));
  return {
    name: text(given.name),
    kind: text(given.kind),
    layers: count(given.layers),
    parameters: count(given.parameters),
    frozen: count(given.frozen),
    multiplications: given.multiplications === null ? null : count(given.multiplications),
    calls: list(given.calls).map(readCall),
    pictures: object(given.pictures),
  };
}

/** @param {unknown} value @returns {Call} */
function readCall(value) {
  const given = object(value);
  return {
    key: text(given.key),
    box: text(given.box),
    kind: text(given.kind),
    inner: given.inner === true,
    settings: pairs(given.settings),
    inputs: shapes(given.inputs),
    outputs: shapes(given.outputs),
    parameters: count(given.parameters),
    shared: given.shared === true,
    sum: text(given.sum),
    multiplications: given.multiplications === null ? null : count(given.multiplications),
    panel: panelAddress(object(given.panel)),
  };
}

/** @param {Record<string, unknown>} panel */
function panelAddress({ layer, settings, inputs }) {
  if (!/^\w{1,60}$/.test(text(layer))) return "";
  const state = { layer: text(layer), settings: Object.fromEntries(pairs(settings)), inputs: shapes(inputs), training: false, masked: [] };
  const place = { layer: text(layer), view: "shape", cell: "", step: -1, backward: false, data: "", kernel: "" };
  return new URL(`../lab/${toHash(state, { ...state, settings: {}, inputs: [] }, place)}`, import.meta.url).href;
}

/** `(None, 28, 28, 1)` @param {(number | null)[][]} given */
export const shapesText = (given) => given.map((shape) => `(${shape.map((n) => n ?? "None").join(", ")}${shape.length === 1 ? "," : ""})`).join("、");

/** @param {number} n */
export const digits = (n) => n.toLocaleString("en-US");

/** @param {number | null} n */
export const products = (n) => (n === null ? "随输入的长度而定" : digits(n));

/** @param {Call} call */
export const parameters = (call) => (call.shared ? "共用，不再计" : digits(call.parameters));

/** One sentence for the whole. @param {Model} model */
export function totals({ name, kind, layers, parameters, frozen, multiplications }) {
  const fixed = frozen ? `（其中 ${digits(frozen)} 个不训练）` : "";
  const work = multiplications === null ? "乘加次数随输入的长度而定" : `每个样本约 ${digits(multiplications)} 次乘加`;
  return `${name}（${kind}）：${layers} 层，${digits(parameters)} 个参数${fixed}，${work}。`;
}
