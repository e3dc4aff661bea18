/** A picture of the page as a file of its own. */
import { saveFile } from "./file.js";

const SVG = "image/svg+xml";
const SCALE = 2; // pixels of a PNG to a CSS pixel

/** The SVG as text, with the page's colours in place of its variables. @param {SVGElement} svg @param {CSSStyleDeclaration} [style]  of a part of the page, for an SVG that is none */
export function svgText(svg, style = getComputedStyle(svg)) {
  const copy = /** @type {SVGElement} */ (svg.cloneNode(true));
  for (const cell of copy.querySelectorAll(".cell, .gauge, .map, [data-step]")) {
    for (const name of ["role", "tabindex", "aria-label"]) cell.removeAttribute(name);
  }
  const paper = `<rect width="100%" height="100%" fill="${style.getPropertyValue("--diagram-paper").trim() || "#ffffff"}"/>`;
  return new XMLSerializer()
    .serializeToString(copy)
    .replace(/var\((--[\w-]+), (#\w+)\)/g, (_, name, fallback) => style.getPropertyValue(name).trim() || fallback)
    .replace("</desc>", `</desc>${paper}`);
}

/** @param {SVGElement} svg @param {string} name  of the file, without its ending @param {"svg" | "png"} kind */
export async function download(svg, name, kind) {
  saveFile(kind === "svg" ? new Blob([svgText(svg)], { type: SVG }) : await png(svg), `${name}.${kind}`);
}

/** @param {SVGElement} svg @returns {Promise<Blob>} */
async function png(svg) {
  const canvas = await rendered(svg, getComputedStyle(svg), SCALE);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("PNG"))), "image/png"),
  );
}

/** The picture in pixels. @param {SVGElement} svg @param {CSSStyleDeclaration} style @param {number} scale */
export async function rendered(svg, style, scale) {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svgText(svg, style)], { type: SVG }));
  try {
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Number(svg.getAttribute("width")) * scale;
    canvas.height = Number(svg.getAttribute("height")) * scale;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas;
  } finally {
    URL.revokeObjectURL(address);
  }
}
