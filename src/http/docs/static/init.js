// Runs in the browser. Tokens stay in the page's memory and are gone with it.
window.ui = window.SwaggerUIBundle({
  dom_id: '#api',
  url: 'openapi.json',
  validatorUrl: null,
  persistAuthorization: false,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0
})
