"use strict";
// The description of the API, to be read.
(() => {
  const place = document.getElementById("redoc");
  // its styles are made by the script: the page's policy lets those in that have the page's number
  const options = { disableSearch: true, hideLoading: true, nativeScrollbars: true, nonce: place.dataset.nonce };
  Redoc.init(place.dataset.schema, options, place);
})();
