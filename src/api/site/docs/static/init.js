// Runs in the browser. Tokens stay in the page's memory and are gone with it.
const description = await (await fetch('openapi.json')).json()

// A browser is not let in to a provider's client credentials; the token itself is what can be given here.
const { securitySchemes } = description.components
for (const [name, { type }] of Object.entries(securitySchemes)) if (type === 'oauth2') delete securitySchemes[name]
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
