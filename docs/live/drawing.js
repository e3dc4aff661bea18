/** Pictures of the panel, as Python writes them: the settings of a link stand in them. */

const SVG = "http://www.w3.org/2000/svg";
const PARTS = new Set(["svg", "title", "desc", "style", "g", "rect", "path", "circle", "text", "image"]);
/** The only address that a part may have: pixels that stand in the text itself. */
const PIXELS = /^data:image\/png;base64,[\w+/=]*$/;

/** What is drawn, and no more: nothing that leads, loads or runs. @param {string} svg */
export function drawing(svg) {
  const { body } = new DOMParser().parseFromString(svg, "text/html"); // nothing comes to life there
  for (const part of body.querySelectorAll("*")) {
    const address = part.getAttribute("href");
    if (part.namespaceURI !== SVG || !PARTS.has(part.localName) || (address !== null && !PIXELS.test(address))) part.remove();
    for (const name of part.getAttributeNames()) {
      if (name.startsWith("on") || (name === "xlink:href")) part.removeAttribute(name);
    }
  }
  return body.firstElementChild ?? "";
}
