import type { WebSocket, WebSocketServer } from 'ws'
import type { SocketReply } from '../answer.ts'
import { ClientGone } from '../client-gone.ts'
import type { Exchange } from '../exchange.ts'
import { SocketChannel } from './channel.ts'
import { requireHandshake, SUBPROTOCOL } from './upgrade.ts'

/** By the longest message that they take. */
const servers = new Map<number, WebSocketServer>()

/** Turns the connection of a request into a WebSocket, and has the handler talk. Throws BAD_REQUEST before. */
export async function openWebSocket(exchange: Exchange, reply: SocketReply): Promise<void> {
  const { requestBody } = exchange
  const { messageBytes } = reply
  if (Buffer.isBuffer(requestBody) || requestBody.upgrade === undefined)
    throw new Error('A WebSocket was answered to a request that asked for none')
  const { request, upgrade } = requestBody
  requireHandshake(request)
  const server = servers.get(messageBytes) ?? (await newServer(messageBytes))
  servers.set(messageBytes, server)
  if (exchange.isOrphaned) return
  const webSocket = await new Promise<WebSocket>((resolve, reject) => {
    // The library closes the socket if the client has left meanwhile.
    upgrade.socket.once('close', () => reject(new ClientGone()))
    server.once('headers', headers => {
      headers.push(`X-Request-Id: ${exchange.id}`)
      if (exchange.nextNonce !== undefined) headers.push(`DPoP-Nonce: ${exchange.nextNonce}`)
    })
    server.handleUpgrade(request, upgrade.socket, upgrade.head, resolve)
    server.removeAllListeners('headers')
  })
  exchange.upgraded = 'open'
  const channel = new SocketChannel(webSocket, upgrade.socket, exchange)
  try {
    const error = await reply.talk(channel)
    if (error !== undefined) exchange.code ??= error.code
    if (!channel.isBroken) exchange.upgraded = 'closed'
    channel.close(error ?? undefined)
  } catch (error) {
    channel.breakOff()
    throw error
  }
}

async function newServer(maxPayload: number): Promise<WebSocketServer> {
  const { WebSocketServer: Server } = await import('ws')
  return new Server({
    noServer: true,
    clientTracking: false,
    // Compression costs memory for each client, and lets one that reads learn of what else it compresses (CRIME).
    perMessageDeflate: false,
    maxPayload,
    autoPong: false,
    handleProtocols: () => SUBPROTOCOL
  })
}
