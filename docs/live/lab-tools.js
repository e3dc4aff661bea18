/** The row of buttons under a panel. */
import { button, element } from "./element.js";

/** @param {[label: string, act: () => any, done?: string][]} acts  `done` is said for a moment after the act @param {Node[]} more  what brings its own buttons */
export function tools(acts, ...more) {
  const said = element("span", { className: "lab-status", role: "status" });
  const buttons = acts.map(([label, act, done]) =>
    button(label, async () => {
      await act();
      if (!done) return;
      said.textContent = done;
      setTimeout(() => (said.textContent = ""), 2000);
    }),
  );
  return element("div", { className: "lab-tools" }, ...buttons, ...more, said);
}
