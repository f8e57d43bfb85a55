import type { SaslCredentials } from '../../core/kafka-identity.ts'
import { WireReader } from '../wire/wire-reader.ts'
import { WireWriter } from '../wire/wire-writer.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { RefusedCredentials } from './refused-credentials.ts'
import type { SaslConversation } from './sasl-conversation.ts'
import { Scram } from './scram.ts'

const HANDSHAKE = 17
const HANDSHAKE_VERSION = 1
/** API key of SaslAuthenticate. */
export const AUTHENTICATE = 36
/** With version 1 the broker tells how long the session lasts (KIP-368); version 2 is flexible. */
const AUTHENTICATE_SESSIONS_SINCE = 1
const AUTHENTICATE_FLEXIBLE_SINCE = 2

/**
 * Authenticates a connection, or renews its session. Nothing else may be sent meanwhile. Returns how many milliseconds the
 * session lasts, 0 if it does not end. `authenticateVersion`: the highest of SaslAuthenticate that the broker supports.
 * @see https://kafka.apache.org/protocol#sasl_handshake
 */
export async function authenticate(
  connection: BrokerConnection,
  authenticateVersion: number,
  options: SaslCredentials
): Promise<number> {
  await handshake(connection, options.mechanism)
  const conversation = conversationOf(options)
  let message: Buffer | null = await conversation.first()
  for (let sessionMs = 0; ;) {
    if (message === null) return sessionMs
    const answer = await say(connection, Math.min(authenticateVersion, AUTHENTICATE_FLEXIBLE_SINCE), message)
    sessionMs = answer.sessionMs
    message = await conversation.next(answer.challenge)
  }
}

async function handshake(connection: BrokerConnection, mechanism: string): Promise<void> {
  const body = new WireWriter(false).string(mechanism).finish()
  const request = { apiKey: HANDSHAKE, apiVersion: HANDSHAKE_VERSION, flexible: false, body }
  const reader = new WireReader(await connection.request(request), false)
  const errorCode = reader.int16()
  if (errorCode === 0) return
  const offered = Array.from({ length: Math.max(0, reader.arrayLength()) }, () => reader.string())
  const what = `SASL mechanism ${mechanism} is refused (${errorCode}); the broker offers: ${offered.join(', ')}`
  throw new RefusedCredentials(what, 'mechanism')
}

async function say(
  connection: BrokerConnection,
  apiVersion: number,
  message: Buffer
): Promise<{ readonly challenge: Buffer; readonly sessionMs: number }> {
  const flexible = apiVersion >= AUTHENTICATE_FLEXIBLE_SINCE
  const body = new WireWriter(flexible).bytes(message).noTags().finish()
  const reader = new WireReader(
    await connection.request({ apiKey: AUTHENTICATE, apiVersion, flexible, body }),
    flexible
  )
  const errorCode = reader.int16()
  const reason = reader.string()
  if (errorCode !== 0)
    throw new RefusedCredentials(`SASL authentication failed (${errorCode}): ${reason ?? 'no reason given'}`)
  const challenge = reader.bytes() ?? Buffer.alloc(0)
  return { challenge, sessionMs: apiVersion >= AUTHENTICATE_SESSIONS_SINCE ? reader.int64() : 0 }
}

function conversationOf({
  mechanism,
  username = '',
  password = '',
  token = noToken
}: SaslCredentials): SaslConversation {
  if (mechanism === 'PLAIN') return plain(username, password)
  if (mechanism === 'OAUTHBEARER') return bearer(token)
  return new Scram(mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', username, password)
}

const noToken = () => Promise.reject(new Error('OAUTHBEARER needs a token'))

/** RFC 4616. */
function plain(username: string, password: string): SaslConversation {
  return { first: () => Buffer.from(`\0${username}\0${password}`), next: () => null }
}

/** RFC 7628: a broker that refuses the token gives the reason as JSON, in a challenge. */
function bearer(token: () => Promise<string | undefined>): SaslConversation {
  return {
    async first() {
      const text = await token()
      if (text === undefined) throw new RefusedCredentials('The token has expired')
      return Buffer.from(`n,,\u0001auth=Bearer ${text}\u0001\u0001`)
    },
    next(challenge) {
      if (challenge.length === 0) return null
      throw new RefusedCredentials(`SASL authentication failed: ${challenge.toString()}`)
    }
  }
}
