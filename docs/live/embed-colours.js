// In a frame there is no switch: the colours are those of the reader's system, and the theme's script,
// which would name the site's own, is not there. All before the page is drawn.
const { body } = document;
for (const part of ["primary", "accent"]) body.setAttribute(`data-md-color-${part}`, "custom");
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => body.setAttribute("data-md-color-scheme", dark.matches ? "slate" : "default");
dark.addEventListener("change", follow);
follow();
