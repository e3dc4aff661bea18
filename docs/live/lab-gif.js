/** The steps of a picture as an animated GIF, for slides. */
import { applyPalette, GIFEncoder, quantize } from "gifenc/dist/gifenc.esm.js";
import { rendered } from "./lab-image.js";

/**
 * @typedef {object} Frames  what a picture with steps offers: a copy of it that can be walked through
 * @property {SVGElement} svg
 * @property {number} count
 * @property {(step: number) => void} go
 */

const WIDEST = 1000; // pixels
const SCALE = 2; // pixels to a CSS pixel, where the width allows
const LARGEST = 2e6; // bytes
const COLOURS = 127; // and one that lets the frame before shine through
const WHOLE = 40_000; // milliseconds that all steps together should take
const [FASTEST, SLOWEST, HELD] = [200, 1000, 3000]; // a step, and the last one
const STAYS = 1; // what GIF calls the disposal of a frame that the next one is drawn over

/**
 * @param {Frames} frames
 * @param {CSSStyleDeclaration} style  the colours of the page
 * @param {(done: number) => void} tell  how many of the steps are done
 * @param {AbortSignal} signal  when it is given up
 */
export async function gif(frames, style, tell, signal) {
  const width = Number(frames.svg.getAttribute("width"));
  for (let scale = Math.min(SCALE, WIDEST / width); ; scale *= 0.75) {
    const bytes = await encoded(frames, style, scale, tell, signal);
    if (bytes.length <= LARGEST || scale < 0.6) return new Blob([bytes], { type: "image/gif" });
  }
}

/** @param {Frames} frames @param {CSSStyleDeclaration} style @param {number} scale @param {(done: number) => void} tell @param {AbortSignal} signal */
async function encoded({ svg, count, go }, style, scale, tell, signal) {
  /** @param {number} step */
  const pixels = async (step) => {
    signal.throwIfAborted();
    go(step);
    const canvas = await rendered(svg, style, scale);
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  };
  const palette = await colours([0, Math.floor(count / 2), count - 1], pixels);
  const through = palette.length;
  const encoder = GIFEncoder();
  const pace = Math.round(Math.min(Math.max(WHOLE / count, FASTEST), SLOWEST));
  /** @type {Uint8Array | null} */
  let before = null;
  for (let step = 0; step < count; step++) {
    const { data, width, height } = await pixels(step);
    const all = applyPalette(data, palette);
    const seen = before;
    // Only what has changed takes room.
    const drawn = seen ? all.map((colour, k) => (colour === seen[k] ? through : colour)) : all;
    encoder.writeFrame(drawn, width, height, {
      // The first one's are everyone's; it has nothing to let through.
      palette: seen ? undefined : [...palette, [0, 0, 0]],
      delay: step === count - 1 ? HELD : pace,
      transparent: seen !== null,
      transparentIndex: through,
      dispose: STAYS,
      repeat: 0,
    });
    before = all;
    tell(step + 1);
  }
  encoder.finish();
  return encoder.bytes();
}

/** One palette for the whole animation, from some of its steps. @param {number[]} steps @param {(step: number) => Promise<ImageData>} pixels */
async function colours(steps, pixels) {
  const parts = [];
  for (const step of new Set(steps)) parts.push((await pixels(step)).data);
  const all = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return quantize(all, COLOURS);
}
