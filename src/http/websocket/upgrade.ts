import { type IncomingMessage, ServerResponse } from 'node:http'
import { GatewayError } from '../../core/errors.ts'
import type { BodyStream, Upgrade } from '../messages.ts'

/** The one subprotocol. A browser offers it beside its token. */
export const SUBPROTOCOL = 'kafka-rest.v1'
const BEARER = 'bearer.'
const KEY = /^[+/0-9A-Za-z]{22}==$/
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Returns whether a request asks for a WebSocket (RFC 6455 §4.1). One that asks for another protocol is served as it is. */
export function asksForWebSocket({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}

/**
 * Makes a response for the socket of an upgrade, for the case that it is refused. A token among the offered subprotocols counts as
 * one in the field `Authorization`, which pages cannot set.
 */
export function beginUpgrade(request: IncomingMessage, upgrade: Upgrade): BodyStream {
  const { socket } = upgrade
  // Node has let go of the socket.
  socket.on('error', () => undefined)
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.once('finish', () => socket.destroySoon())
  const { headers } = request
  const token = offered(headers['sec-websocket-protocol'])
    ?.find(name => name.startsWith(BEARER))
    ?.slice(BEARER.length)
  if (token !== undefined) {
    const field = `Bearer ${token}`
    headers.authorization = headers.authorization === undefined ? field : `${headers.authorization}, ${field}`
  }
  return { request, response, expectsContinue: false, upgrade }
}

/** Throws BAD_REQUEST if the handshake is not one of RFC 6455 §4.2.1, or offers other subprotocols only. */
export function requireHandshake({ headers }: Pick<IncomingMessage, 'headers'>): void {
  if (headers['sec-websocket-version'] !== '13')
    throw new GatewayError('BAD_REQUEST', 'The version of the WebSocket must be 13.', {
      headers: { 'Sec-WebSocket-Version': '13' }
    })
  if (!KEY.test(headers['sec-websocket-key'] ?? ''))
    throw new GatewayError('BAD_REQUEST', 'Sec-WebSocket-Key must be 16 bytes in base64.')
  const protocols = offered(headers['sec-websocket-protocol'])
  if (protocols === undefined) return
  if (!protocols.every(name => TOKEN.test(name)) || new Set(protocols).size < protocols.length)
    throw new GatewayError('BAD_REQUEST', 'Sec-WebSocket-Protocol must be a list of tokens, each once.')
  if (!protocols.includes(SUBPROTOCOL))
    throw new GatewayError('BAD_REQUEST', `Sec-WebSocket-Protocol must offer ${SUBPROTOCOL} where it is sent.`)
}

function offered(field: string | undefined): string[] | undefined {
  return field?.split(',').map(name => name.trim())
}
