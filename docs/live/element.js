/** @param {string} tag @param {Record<string, any>} [properties] @param {(Node | string)[]} children */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
