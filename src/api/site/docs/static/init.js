// Runs in the browser. Tokens stay in the page's memory and are gone with it.
const description = await (await fetch('openapi.json')).json()

// What can be typed here: a token or an API key, or a name and a password. A browser is not let in to a provider's client credentials.
const { securitySchemes } = description.components
for (const name of Object.keys(securitySchemes)) if (name !== 'bearer' && name !== 'basic') delete securitySchemes[name]
description.security = Object.keys(securitySchemes).map(name => ({ [name]: [] }))

window.SwaggerUIBundle({
  dom_id: '#api',
  spec: description,
  validatorUrl: null,
  persistAuthorization: false,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0
})
