"use strict";
// Before Redoc's own script: the styles that it makes get the number that the page's policy names, and its maker's
// logo, which lies elsewhere, is not asked for.
(() => {
  const nonce = document.getElementById("redoc").dataset.nonce;
  const make = document.createElement.bind(document);
  document.createElement = (name, ...more) => {
    const made = make(name, ...more);
    if (made instanceof HTMLStyleElement) made.nonce = nonce;
    return made;
  };
  const image = HTMLImageElement.prototype;
  image.setAttribute = function setAttribute(name, value) {
    if (name === "src" && /^https?:/.test(value)) this.hidden = true;
    else Element.prototype.setAttribute.call(this, name, value);
  };
  const { get } = Object.getOwnPropertyDescriptor(image, "src");
  Object.defineProperty(image, "src", { get, set(value) { this.setAttribute("src", value); } });
})();
