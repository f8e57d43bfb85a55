import type { Server } from 'node:http'
import type { Connection } from '../connections.ts'
import { DirectConnection, type DirectListener } from './direct-connection.ts'
import { Outbox } from './outbox.ts'

export type DirectPathOptions = Omit<DirectListener, 'keepAlive' | 'outbox' | 'handOver' | 'closed'>

const WATCH_MS = 500

/**
 * The short way from a server's sockets to the gate, without Node's HTTP parser. Connections begin here, and go to that parser
 * as soon as a request comes that is not plain ({@link readPlainHead}).
 */
export class DirectPath {
  readonly #listener: DirectListener
  readonly #open = new Set<DirectConnection>()

  /** @param event with which `server` reports connections; its present listeners get those that are handed over */
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

  /** Hands over connections on which a request has begun: Node passes it to the gate before its body is there. */
  handOverBegun(): void {
    for (const direct of this.#open) direct.handOverBegun()
  }

  #watch(): void {
    const nowMs = performance.now()
    for (const direct of this.#open) direct.watch(nowMs)
  }
}
