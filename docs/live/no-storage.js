// Where the browser keeps the storage from a page, the theme's own scripts would fail at its mere
// name, the search and the menu with them. They get one that holds nothing; ours say what is so.
for (const name of /** @type {const} */ (["localStorage", "sessionStorage"])) {
  try {
    void window[name].length;
  } catch {
    const refuse = () => {
      throw new DOMException("", "SecurityError");
    };
    const value = { getItem: () => null, setItem: refuse, removeItem: refuse };
    Object.defineProperty(value, "length", { get: refuse });
    Object.defineProperty(window, name, { value });
  }
}
