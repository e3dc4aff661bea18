/** What can be sent through a layer (看数据): its name in a link, and what Python is told of it. */

/**
 * @typedef {{name: string, shape?: number[], pixels?: string, text?: string}} Sample  as
 *   labkit.diagrams.data.samples takes it; the pixels in base64
 * @typedef {{label?: number, shape: number[], pixels: string}} Picture
 */

const FILE = new URL("../runtime/datasets/samples.json", import.meta.url);
export const SIDE = 28; // pixels of a drawing
export const DIGITS = 2000; // that the site brings
export const PHOTOS = { china: "照片：楼阁", flower: "照片：花" };
export const DEFAULT = "digit0";
const LEVELS = 3; // of grey in a drawing's link, above white

/** How a choice is written into a link. */
export const FORM = /^(digit\d{1,4}|china|flower|drawn:[\w-]{0,400}|text:[^]{1,60})$/;

/** @type {Promise<Record<string, Picture>> | null} */
let file = null;
/** @type {Record<string, Picture>} */
let pictures = {};

/** Fetch the pictures; without them only those that Python has can be shown. */
export async function load() {
  file ??= fetch(FILE).then((response) => (response.ok ? response.json() : Promise.reject(new Error(`${response.status}`))));
  try {
    pictures = await file;
  } catch {
    file = null; // the next wish tries again
  }
}

/** The digit of each picture that is there at once. @returns {[name: string, label: number][]} */
export const digits = () => Object.entries(pictures).flatMap(([name, { label }]) => (label === undefined ? [] : [[name, label]]));

/** @param {string} choice @returns {{sample?: Sample, needs?: string[]}} */
export function asked(choice) {
  if (!choice) choice = DEFAULT;
  if (choice.startsWith("text:")) {
    // A layer that takes no words still gets a picture.
    const { sample, needs } = asked(DEFAULT);
    return { sample: { name: DEFAULT, ...sample, text: choice.slice(5) }, needs };
  }
  if (choice.startsWith("drawn:")) return { sample: { name: "drawn", shape: [SIDE, SIDE, 1], pixels: base64(unpacked(choice.slice(6))) } };
  const { shape, pixels } = pictures[choice] ?? {};
  if (pixels) return { sample: { name: choice, shape, pixels } };
  return { sample: { name: choice }, needs: ["mnist"] };
}

/** @param {Uint8Array} bytes */
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

/**
 * A drawing as a short text: the box around the ink, then four levels of grey, four pixels to a byte.
 * @param {Uint8Array} pixels
 */
export function packed(pixels) {
  const inked = [...pixels.keys()].filter((i) => pixels[i]);
  if (!inked.length) return "";
  const rows = inked.map((i) => Math.floor(i / SIDE));
  const columns = inked.map((i) => i % SIDE);
  const [top, left] = [Math.min(...rows), Math.min(...columns)];
  const [height, width] = [Math.max(...rows) - top + 1, Math.max(...columns) - left + 1];
  const bytes = new Uint8Array(4 + Math.ceil((height * width) / 4));
  bytes.set([top, left, height, width]);
  for (let i = 0; i < height * width; i++) {
    const level = Math.round((pixels[(top + Math.floor(i / width)) * SIDE + left + (i % width)] / 255) * LEVELS);
    bytes[4 + (i >> 2)] |= level << (2 * (i & 3));
  }
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What `packed` has made; of any other text an empty drawing. @param {string} text */
export function unpacked(text) {
  const pixels = new Uint8Array(SIDE * SIDE);
  if (text.length % 4 === 1) return pixels;
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const [top = 0, left = 0, height = 0, width = 0] = bytes;
  if (top + height > SIDE || left + width > SIDE || bytes.length < 4 + Math.ceil((height * width) / 4)) return pixels;
  for (let i = 0; i < height * width; i++) {
    const level = (bytes[4 + (i >> 2)] >> (2 * (i & 3))) & 3;
    pixels[(top + Math.floor(i / width)) * SIDE + left + (i % width)] = (level * 255) / LEVELS;
  }
  return pixels;
}
