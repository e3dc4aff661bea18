/** The choice of a layer, on the page for all layers. */
import { element } from "./element.js";

/** @param {string} id @param {[string, string[]][]} families @param {(layer: string) => void} choose */
export function picker(id, families, choose) {
  const select = /** @type {HTMLSelectElement} */ (element("select", { id }));
  for (const [label, names] of families) {
    select.append(element("optgroup", { label }, ...names.map((name) => element("option", { value: name, textContent: name }))));
  }
  select.addEventListener("change", () => choose(select.value));
  return select;
}
