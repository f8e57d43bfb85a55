import type { Server } from 'node:http'
import type { Connection } from '../connections.ts'
import { DirectConnection, type DirectListener } from './direct-connection.ts'
import { Outbox } from './outbox.ts'

export type DirectPathOptions = Omit<DirectListener, 'keepAlive' | 'outbox' | 'handOver' | 'closed'>

const WATCH_MS = 500

/**
 * The short way from the sockets of a server of Node's to the gate: connections begin here, and are left to the server's own
 * parser as soon as something comes that is not plain.
 */
export class DirectPath {
  readonly #listener: DirectListener
  readonly #open = new Set<DirectConnection>()

  /** @param event of `server`, by which its connections come: who has listened to it until now gets those handed over */
  constructor(server: Server, event: 'connection' | 'secureConnection', options: DirectPathOptions) {
    const listeners = server.listeners(event)
    server.removeAllListeners(event)
    const timeoutS = Math.floor(options.keepAliveTimeoutMs / 1000)
    this.#listener = {
      ...options,
      outbox: new Outbox(),
      keepAlive: `Connection: keep-alive\r\nKeep-Alive: timeout=${timeoutS}\r\n`,
      closed: direct => void this.#open.delete(direct),
      handOver: direct => {
        this.#open.delete(direct)
        for (const listener of listeners) listener.call(server, direct.connection.socket)
      }
    }
    const watching = setInterval(() => this.#watch(), WATCH_MS).unref()
    server.once('close', () => clearInterval(watching))
  }

  begin(connection: Connection): void {
    this.#open.add(new DirectConnection(connection, this.#listener))
  }

  /** Requests that have begun reach the gate, in the turns to come, even where their bodies are still on their way. */
  handOverBegun(): void {
    for (const direct of this.#open) direct.handOverBegun()
  }

  #watch(): void {
    const nowMs = performance.now()
    for (const direct of this.#open) direct.watch(nowMs)
  }
}
