/** The panel on the whole screen, for the classroom. */
import { button } from "./element.js";

const ENTER = "全屏";
const LEAVE = "退出全屏";

/** @param {HTMLElement} lab */
export function fullScreen(lab) {
  const made = button(ENTER, () => {
    if (document.fullscreenElement === lab) document.exitFullscreen();
    else if (lab.classList.contains("lab-full") || !lab.requestFullscreen) filled(!lab.classList.contains("lab-full"));
    // A frame may not be allowed to fill the screen: then it fills itself.
    else lab.requestFullscreen().catch(() => filled(true));
  });
  /** @param {boolean} full */
  function filled(full) {
    lab.classList.toggle("lab-full", full);
    made.textContent = full ? LEAVE : ENTER;
  }
  lab.addEventListener("fullscreenchange", () => filled(document.fullscreenElement === lab));
  lab.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && lab.classList.contains("lab-full") && !document.fullscreenElement) filled(false);
  });
  made.classList.add("lab-fill");
  return made;
}
