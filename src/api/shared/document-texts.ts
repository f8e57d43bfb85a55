/** What the descriptions of all APIs say alike. */

export const servers = [{ url: '/', description: 'The gateway that serves this description.' }]

/** Of what every API has beside its own routes. */
export const commonTags = [
  { name: 'Health', description: 'For load balancers and orchestrators; no token is needed.' },
  { name: 'Description', description: 'This description; no token is needed.' }
]

export const license = { name: 'Apache-2.0', identifier: 'Apache-2.0' }

const SCOPE = 'api://kafka.example.com/.default'

export const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'An OAuth 2.0 access token of an OpenID Connect provider that the gateway trusts, for a caller in a permitted group; or an API key, `krp_…`.'
  },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key, where the gateway has keys.' },
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'A user name and a password, where the gateway has users; or an API key as the password of `key`.'
  },
  certificate: { type: 'mutualTLS', description: 'A client certificate, where the gateway asks for one.' },
  entra: {
    type: 'oauth2',
    description:
      'Microsoft Entra ID, client credentials: put the id of your tenant in place of `your-tenant`, and the scope of the resource that the gateway is registered as.',
    flows: {
      clientCredentials: {
        tokenUrl: 'https://login.microsoftonline.com/your-tenant/oauth2/v2.0/token',
        scopes: { [SCOPE]: 'What the application has been granted.' }
      }
    }
  }
}

export const security = [{ bearer: [] }, { entra: [SCOPE] }, { apiKey: [] }, { basic: [] }, { certificate: [] }]
