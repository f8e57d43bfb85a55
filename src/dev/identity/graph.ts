import { createLocalJWKSet, jwtVerify } from 'jose'
import { applications, gatewayApp } from './directory.ts'
import type { SigningKey } from './signing-key.ts'
import type { Answer } from './token-endpoint.ts'

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const GROUPS_LIMIT = 20

/** Imitates Microsoft Graph's `checkMemberGroups`, for the gateway's application only. */
export async function answerMembership(
  objectId: string,
  authorization: string | undefined,
  body: string,
  audience: string,
  key: SigningKey
): Promise<Answer> {
  if (!(await isGateway(authorization, audience, key)))
    return refusal(401, 'InvalidAuthenticationToken', 'The access token is not valid here.')
  let groupIds: unknown
  try {
    groupIds = (JSON.parse(body) as { groupIds?: unknown }).groupIds
  } catch {
    groupIds = undefined
  }
  if (
    !Array.isArray(groupIds) ||
    groupIds.length > GROUPS_LIMIT ||
    !groupIds.every(id => typeof id === 'string' && GUID.test(id))
  ) {
    return refusal(400, 'Request_BadRequest', `groupIds must be at most ${GROUPS_LIMIT} GUIDs.`)
  }
  const principal = applications.find(application => application.objectId === objectId)
  if (principal === undefined) return refusal(404, 'Request_ResourceNotFound', `Resource '${objectId}' does not exist.`)
  return { status: 200, body: { value: groupIds.filter(id => principal.groups.includes(String(id))) } }
}

async function isGateway(authorization: string | undefined, audience: string, key: SigningKey): Promise<boolean> {
  try {
    const token = (authorization ?? '').replace(/^Bearer /, '')
    const keys = createLocalJWKSet({ keys: [await key.publicJwk()] })
    const { payload } = await jwtVerify(token, keys, { audience, algorithms: ['RS256'] })
    return payload.appid === gatewayApp.clientId
  } catch {
    return false
  }
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } }
}
