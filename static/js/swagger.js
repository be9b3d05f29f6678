"use strict";
// The description of the API, to be tried out with a key, or by whoever is logged in.
(() => {
  const place = document.getElementById("swagger-ui");
  SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    deepLinking: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      // the portal may be open under another name than the one it calls itself
      const asked = new URL(request.url, location.href);
      request.url = location.origin + asked.pathname + asked.search;
      const hasKey = "Authorization" in request.headers;
      if (request.method && request.method !== "GET" && !hasKey) request.headers["X-CSRFToken"] = place.dataset.token;
      return request;
    },
  });
})();
