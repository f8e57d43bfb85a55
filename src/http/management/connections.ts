import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** A scraper, an orchestrator, a person. */
const LIMIT = 100

/**
 * The open connections of the management listener, at most a hundred. A new one takes the place of the oldest that has not
 * shown the token, of the address that has most of them: idle strangers cannot lock out scraper and probes.
 */
export class ManagementConnections {
  /** Oldest first; by address and port, because a TLS socket and the one below it are two objects. */
  readonly #open = new Map<string, { readonly socket: Socket; readonly address: string; trusted: boolean }>()

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      const name = nameOf(socket)
      if (this.#open.size >= LIMIT) this.#endOne()
      this.#open.set(name, { socket, address: socket.remoteAddress ?? '', trusted: false })
      socket.once('close', () => this.#open.delete(name))
    })
  }

  /** A request on it had the token, if one is needed. */
  trust(socket: Socket): void {
    const connection = this.#open.get(nameOf(socket))
    if (connection !== undefined) connection.trusted = true
  }

  #endOne(): void {
    const strangers = [...this.#open.values()].filter(({ trusted }) => !trusted)
    const byAddress = Map.groupBy(strangers.length > 0 ? strangers : this.#open.values(), ({ address }) => address)
    const [most] = [...byAddress.values()].toSorted((one, other) => other.length - one.length)
    most[0].socket.destroy()
    this.#open.delete(nameOf(most[0].socket))
  }
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
