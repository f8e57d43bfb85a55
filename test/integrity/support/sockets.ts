import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { Target } from './client.ts'

/** A connection to the gateway over which a test writes what it likes. Errors are for the test to see as the end. */
export async function openSocket({ url, ca }: Target): Promise<TLSSocket> {
  const port = Number(new URL(url).port)
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca })
  socket.on('error', () => undefined)
  await Promise.race([
    once(socket, 'secureConnect'),
    once(socket, 'close').then(() => {
      throw new Error('The gateway closed the connection.')
    })
  ])
  return socket
}

/** So many at a time, so that no backlog of handshakes decides the test. */
export async function openSockets(target: Target, count: number): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = []
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () => openSocket(target))
    sockets.push(...(await Promise.all(some)))
  }
  return sockets
}

/** The head of a request, with a token that lets in. */
export function head(token: string, method: string, path: string, ...fields: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${token}`, ...fields, '', ''].join(
    '\r\n'
  )
}

/** All that comes until the connection ends, or until nothing has come for so long. */
export async function received(socket: TLSSocket, quietMs: number): Promise<string> {
  let text = ''
  socket.setEncoding('latin1')
  await new Promise<void>(resolve => {
    let quiet = setTimeout(resolve, quietMs)
    socket.on('data', (chunk: string) => {
      text += chunk
      clearTimeout(quiet)
      quiet = setTimeout(resolve, quietMs)
    })
    socket.once('close', () => resolve())
  })
  return text
}
