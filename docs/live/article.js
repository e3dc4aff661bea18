/** What the theme leaves to do in an article, for those who use keys or listen. */
const SCROLLERS = ".katex-display, .md-typeset__scrollwrap"; // the theme wraps tables in the latter

const article = document.querySelector("article");

/** A wide formula or table scrolls by itself: keys reach it, where there is something to scroll. */
function scrollByKeys() {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (article?.querySelectorAll(SCROLLERS) ?? [])) {
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}

/** The button that copies a block stands in a landmark, one as nameless as the other. */
function unmark() {
  for (const place of article?.querySelectorAll(".md-code__nav") ?? []) place.role = "none";
}

// The article's size follows the window, and whatever opens in it.
if (article) new ResizeObserver(scrollByKeys).observe(article);
addEventListener("load", unmark);
