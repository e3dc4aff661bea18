/** How much room a panel has; and room for it beside the text, while it is in sight. */

const WIDE = 680; // CSS pixels, as labkit.diagrams.svg.WIDE

/** @param {HTMLElement} stage */
export const isWide = (stage) => stage.clientWidth >= WIDE;

/**
 * @param {HTMLElement} lab
 * @param {HTMLElement} stage  of its picture
 * @param {AbortSignal} signal
 * @param {(wide: boolean) => void} resized
 */
export function watchRoom(lab, stage, signal, resized) {
  const size = new ResizeObserver(() => resized(isWide(stage)));
  size.observe(stage);
  // It reaches over the table of contents, which comes back when the panel is out of sight.
  const sight = new IntersectionObserver(([{ isIntersecting }]) => lab.classList.toggle("lab-in-sight", isIntersecting));
  sight.observe(lab);
  signal.addEventListener("abort", () => {
    size.disconnect();
    sight.disconnect();
  });
}
