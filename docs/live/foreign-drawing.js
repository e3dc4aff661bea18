/**
 * Pictures that come from where the reader's code runs, which may say anything in labkit's name: made
 * anew from a list of what a drawing needs. Nothing else of the text reaches the page.
 */

const SVG = "http://www.w3.org/2000/svg";
const LONGEST = 8_000_000; // characters
const MOST = 60_000; // elements
const HIGHEST = 60_000; // CSS pixels

const NUMBER = /^-?\d+(\.\d+)?(e-?\d+)?$/;
const COLOUR = /^(none|#[0-9a-f]{6}|var\(--diagram-[a-z0-9-]+, #[0-9a-f]{6}\))$/;
const CLASSES = new Set(["box", "edge", "group", "node"]);
const TEXT = /^/;

/** How the values of attributes look; what an element may have besides is left out. @type {Record<string, RegExp>} */
const ATTRIBUTES = {
  x: NUMBER,
  y: NUMBER,
  rx: NUMBER,
  width: NUMBER,
  height: NUMBER,
  d: /^[MLHVCQZmlhvcqz\d\s.,e-]*$/,
  transform: /^translate\([-\d.e]+ [-\d.e]+\)$/,
  fill: COLOUR,
  stroke: COLOUR,
  "fill-opacity": NUMBER,
  "stroke-width": NUMBER,
  "stroke-dasharray": /^[\d. ]+$/,
  "stroke-linejoin": /^round$/,
  "text-anchor": /^(start|middle|end)$/,
  "font-size": NUMBER,
  "font-weight": /^\d{3}$/,
  "font-family": /^[\w, -]+$/,
  "data-key": TEXT,
  "data-from": TEXT,
  "data-to": TEXT,
};
const ELEMENTS = new Set(["g", "path", "rect", "text"]);

/** The drawing, without what is not known here; null where it is none. @param {unknown} text @returns {SVGSVGElement | null} */
export function foreignDrawing(text) {
  if (typeof text !== "string" || text.length > LONGEST) return null;
  const found = new DOMParser().parseFromString(text, "text/html").body.firstElementChild; // nothing comes to life there
  const [width, height] = ["width", "height"].map((name) => Number(found?.getAttribute(name)));
  if (found?.localName !== "svg" || !(width > 0 && height > 0 && width < HIGHEST && height < HIGHEST)) return null;
  if (found.getElementsByTagName("*").length > MOST) return null;
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("class", "diagram");
  made.setAttribute("viewBox", `0 0 ${width} ${height}`);
  made.setAttribute("width", `${width}`);
  made.setAttribute("height", `${height}`);
  copy(found, made);
  return made;
}

/** @param {Element} from @param {Element} to */
function copy(from, to) {
  for (const part of from.children) {
    if (part.namespaceURI !== SVG || !ELEMENTS.has(part.localName)) continue;
    const made = document.createElementNS(SVG, part.localName);
    for (const { name, value } of part.attributes) {
      if (Object.hasOwn(ATTRIBUTES, name) && ATTRIBUTES[name].test(value)) made.setAttribute(name, value);
      else if (name === "class" && CLASSES.has(value)) made.setAttribute("class", value);
    }
    // The space is not drawn; it keeps words apart where a layer's texts are read out.
    if (part.localName === "text") made.textContent = `${part.textContent} `;
    else copy(part, made);
    to.append(made);
  }
}
