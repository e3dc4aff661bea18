/** A panel for other pages: the code of a frame that shows it. */

const PAGE = new URL("../embed/", import.meta.url);
const ROOM = 220; // CSS pixels under the picture: two rows of settings, the link back

/** @param {string} hash  the panel's state, with its layer @param {string} layer @param {Element} lab  as high as the frame should be */
export function embedCode(hash, layer, lab) {
  const parts = [...lab.querySelectorAll(".lab-head, .lab-main")].map((part) => part.getBoundingClientRect().height);
  const height = Math.round(parts.reduce((a, b) => a + b, ROOM) / 10) * 10;
  const address = `${PAGE}${hash}`.replaceAll("&", "&amp;").replaceAll('"', "%22");
  return `<iframe src="${address}" title="Keras 层实验室：${layer}" width="100%" height="${height}" style="border: 0" loading="lazy"></iframe>`;
}
