/** A picture of the page as a file of its own. */
import { saveFile } from "./file.js";

const SCALE = 2; // pixels of a PNG to a CSS pixel

/** The SVG as text, with this page's colours in place of its variables. @param {SVGElement} svg */
export function svgText(svg) {
  const copy = /** @type {SVGElement} */ (svg.cloneNode(true));
  for (const cell of copy.querySelectorAll(".cell, .gauge, .map, [data-step]")) {
    for (const name of ["role", "tabindex", "aria-label"]) cell.removeAttribute(name);
  }
  const style = getComputedStyle(svg);
  const paper = `<rect width="100%" height="100%" fill="${style.getPropertyValue("--diagram-paper").trim() || "#ffffff"}"/>`;
  return new XMLSerializer()
    .serializeToString(copy)
    .replace(/var\((--[\w-]+), (#\w+)\)/g, (_, name, fallback) => style.getPropertyValue(name).trim() || fallback)
    .replace("</desc>", `</desc>${paper}`);
}

/** @param {SVGElement} svg @param {string} name  of the file, without its ending @param {"svg" | "png"} kind */
export async function download(svg, name, kind) {
  const text = new Blob([svgText(svg)], { type: "image/svg+xml" });
  saveFile(kind === "svg" ? text : await png(text, svg), `${name}.${kind}`);
}

/** @param {Blob} text @param {SVGElement} svg @returns {Promise<Blob>} */
async function png(text, svg) {
  const image = new Image();
  const address = URL.createObjectURL(text);
  try {
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Number(svg.getAttribute("width")) * SCALE;
    canvas.height = Number(svg.getAttribute("height")) * SCALE;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("PNG"))), "image/png"),
    );
  } finally {
    URL.revokeObjectURL(address);
  }
}
