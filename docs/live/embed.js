/** The page that others show in a frame: the panel alone, and the way to all of it. */
import "./layer-lab.js";

const link = /** @type {HTMLAnchorElement} */ (document.querySelector(".embed-source a"));
// The same state as here, whatever the reader has changed.
link.addEventListener("click", () => (link.hash = location.hash));
