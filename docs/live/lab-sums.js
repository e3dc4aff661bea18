/** The formulas of a recurrent cell with the numbers of one output put in. */

/**
 * @typedef {object} Formulas  from labkit.diagrams.sums
 * @property {[name: string, formula: string, func: string, factors: number[]][]} lines
 *   `factors`: how many numbers each of the terms is a product of
 * @property {number[][][]} numbers  for each output and line the factors of all terms, then the result
 */

const DIGITS = 3;

/** @param {number} n */
const short = (n) => `${Number(n.toFixed(DIGITS)) || 0}`.replace("-", "−");
/** Behind a sign. @param {number} n */
const bracketed = (n) => (n < 0 ? `(${short(n)})` : short(n));

/** Rows of a table: name, formula, numbers put in, result. @param {Formulas} formulas @param {number} output */
export function sums({ lines, numbers }, output) {
  return numbers[output].map((line, i) => {
    const [name, formula, func, factors] = lines[i];
    let at = 0;
    const terms = factors.map((count) => line.slice(at, (at += count)).map(bracketed).join(" × "));
    const total = terms.join(" + ");
    const put = func === "1−" ? `1 − ${total}` : func ? `${formula.split("(")[0]}(${total})` : total;
    return [name, formula === name ? "" : formula, put, short(line.at(-1) ?? 0)];
  });
}
