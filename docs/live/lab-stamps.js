/** Transposed convolution step by step: an input times the kernel is stamped over its window of the output. */
import { element } from "./element.js";
import { nameOf } from "./lab-cells.js";
import { short, table } from "./lab-table.js";

/** @import {Walk} from "./lab-steps.js" */

/** @param {Walk} walk */
export const stamps = ({ windows, kind, products }) => windows?.motion === "stamp" && kind === "product" && !!products;

/**
 * What stands in the outputs after a step (null: nothing yet), and the step in words.
 * @param {Walk} walk @param {number} step
 */
export function stamped(walk, step) {
  const { x, W, y, links, uses, products, inputs, outputs, weights, windows, activation } = walk;
  if (step === x.length) {
    const words = `每个输入都盖过了，每一格再经过 ${activation}，就是 y。`;
    return { totals: y, account: [element("p", { textContent: words })] };
  }
  const met = new Set(products?.flat());
  /** The weights that are added as they are to every output. */
  const biases = uses.map((used) => used.filter((w) => !met.has(w)));
  /** @type {{texts: string[], order: number, pale: boolean}[]} */
  const rows = [];
  const totals = biases.map((bias, o) => {
    let total = bias.reduce((sum, w) => sum + W[w], 0);
    let touched = bias.length > 0;
    links[o].forEach((i, k) => {
      if (i > step) return;
      const w = products?.[o][k] ?? 0;
      total += x[i] * W[w];
      touched = true;
      if (i < step) return;
      rows.push({ order: w, pale: false, texts: [nameOf(weights, w), short(W[w]), short(x[i] * W[w], 3), nameOf(outputs, o), short(total, 3)] });
    });
    return touched ? total : null;
  });
  windows?.weights[step].forEach((w) => {
    if (w >= 0) rows.push({ order: w, pale: true, texts: [nameOf(weights, w), short(W[w]), short(x[step] * W[w], 3), "裁掉", ""] });
  });
  rows.sort((a, b) => a.order - b.order);
  const name = nameOf(inputs, step);
  const from = biases.flat().length ? "输出从偏置开始；" : "";
  const words = `${name} = ${short(x[step])} 乘整个核，盖在输出的一个窗口上；${from}重叠的地方相加。`;
  return {
    totals,
    account: [
      element("p", { textContent: words }),
      table(["权重", "值", "乘积", "加到", "累计"], rows.map(({ texts }) => texts), rows.map(({ pale }) => pale)),
    ],
  };
}
