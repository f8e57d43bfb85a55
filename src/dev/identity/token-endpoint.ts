import { randomUUID } from 'node:crypto'
import { applications, RESOURCE, TENANT_ID, type Application } from './directory.ts'
import type { SigningKey } from './signing-key.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

const LIFETIME_S = 3599
const SCOPE_SUFFIX = '/.default'

/**
 * Answers the client-credentials grant as Entra ID does for a resource with version 1 tokens: issuer `sts.windows.net`, the
 * resource's URI as audience.
 */
export async function answerTokenRequest(
  form: URLSearchParams,
  authorization: string | undefined,
  key: SigningKey
): Promise<Answer> {
  if (form.get('grant_type') !== 'client_credentials') {
    return refusal(400, 'unsupported_grant_type', 'AADSTS70003: only client_credentials is served here.')
  }
  const { id, secret } = credentials(form, authorization)
  const application = applications.find(({ clientId }) => clientId === id)
  if (application === undefined)
    return refusal(400, 'unauthorized_client', `AADSTS700016: there is no application '${id}' in the directory.`)
  if (application.clientSecret !== secret)
    return refusal(401, 'invalid_client', 'AADSTS7000215: the client secret is wrong.')
  const scope = form.get('scope') ?? ''
  if (!scope.endsWith(SCOPE_SUFFIX) || scope === SCOPE_SUFFIX)
    return refusal(400, 'invalid_scope', `AADSTS1002012: the scope must be a resource followed by ${SCOPE_SUFFIX}.`)
  const token = await key.sign(claimsOf(application, scope.slice(0, -SCOPE_SUFFIX.length)))
  return {
    status: 200,
    body: { token_type: 'Bearer', expires_in: LIFETIME_S, ext_expires_in: LIFETIME_S, access_token: token }
  }
}

function credentials(form: URLSearchParams, authorization: string | undefined): { id: string; secret: string } {
  const basic = /^basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')
  if (basic === null) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' }
  const [id = '', secret = ''] = Buffer.from(basic[1], 'base64').toString('utf8').split(':')
  return { id: decodeURIComponent(id), secret: decodeURIComponent(secret) }
}

function claimsOf({ clientId, objectId, groups, groupsInToken }: Application, audience: string) {
  const nowS = Math.floor(Date.now() / 1000)
  return {
    aud: audience,
    iss: `https://sts.windows.net/${TENANT_ID}/`,
    iat: nowS,
    nbf: nowS,
    exp: nowS + LIFETIME_S,
    appid: clientId,
    appidacr: '1',
    idtyp: 'app',
    oid: objectId,
    sub: objectId,
    tid: TENANT_ID,
    uti: randomUUID(),
    ver: '1.0',
    ...(groupsInToken && audience === RESOURCE ? { groups } : {})
  }
}

function refusal(status: number, error: string, description: string): Answer {
  return {
    status,
    body: {
      error,
      error_description: description,
      error_codes: [Number(/\d+/.exec(description)?.[0])],
      correlation_id: randomUUID()
    }
  }
}
