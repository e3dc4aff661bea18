/** Numbers under the steps of a picture, and tables of them. */
import { element } from "./element.js";

/** @param {number} n @param {number} [digits] */
export const short = (n, digits = 2) => `${Number(n.toFixed(digits)) || 0}`;

/** @param {string[]} head @param {string[][]} rows @param {boolean[]} [pale]  rows that add nothing */
export function table(head, rows, pale = []) {
  if (!rows.length) return "";
  const body = rows.map((row, i) =>
    element("tr", { className: pale[i] ? "lab-nothing" : "" }, ...row.map((cell) => element("td", { textContent: cell }))),
  );
  const heads = head.map((text) => (text ? element("th", { scope: "col", textContent: text }) : element("td")));
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
}
