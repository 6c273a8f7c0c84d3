// Shows /chat/openapi.json. A file of its own, because the page's policy allows no script inside the page.
addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({ url: "../openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null });
});
