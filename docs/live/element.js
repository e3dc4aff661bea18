/** @param {string} tag @param {Record<string, any>} [properties] @param {(Node | string)[]} children */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** @param {string} textContent @param {() => void} press */
export function button(textContent, press) {
  const made = element("button", { type: "button", textContent });
  made.addEventListener("click", press);
  return made;
}
