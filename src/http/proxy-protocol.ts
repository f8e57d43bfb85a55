import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { isWithin, networksOf } from '../core/lib/networks.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import type { Log } from '../core/log.ts'
import type { Connections } from './connections.ts'
import { readProxyHeader } from './proxy-header.ts'

export interface ProxyProtocolOptions {
  /** Networks of the balancers. Each connection comes from one of them and begins with a header. */
  readonly from: readonly string[]
  /** Limit from the connection to the whole header. */
  readonly headersTimeoutMs: number
  readonly log: Log
  /** Whether TLS comes next. */
  readonly secure: boolean
}

const WHY = {
  stranger: 'A connection from outside listen.proxyProtocolFrom is closed',
  bad: 'A connection that begins with no PROXY header is closed',
  late: 'A connection is closed: its PROXY header did not come in time'
} as const

/** Reads the PROXY header of each connection before TLS or HTTP see a byte of it. Closes without an answer those that have none. */
export class ProxyProtocol {
  readonly #networks
  readonly #options: ProxyProtocolOptions
  readonly #connections: Connections
  readonly #warnings: RepeatedWarnings

  constructor(options: ProxyProtocolOptions, connections: Connections) {
    this.#networks = networksOf(options.from)
    this.#options = options
    this.#connections = connections
    this.#warnings = new RepeatedWarnings(options.log)
  }

  /** Takes the place of all who listen to the connections of `server`; they get each connection after its header. */
  standBefore(server: Server): void {
    const listeners = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      this.#connections.accept(socket)
      if (socket.destroyed) return
      if (!isWithin(this.#networks, socket.remoteAddress)) this.#close(socket, 'stranger')
      else
        this.#read(socket, () => {
          for (const listener of listeners) listener.call(server, socket)
          // TLS takes what the paused socket still holds; others wait for its data.
          if (!this.#options.secure) socket.resume()
        })
    })
  }

  #read(socket: Socket, done: () => void): void {
    let gathered = Buffer.alloc(0)
    const late = setTimeout(() => this.#close(socket, 'late'), this.#options.headersTimeoutMs)
    const forget = () => {
      clearTimeout(late)
      socket.off('data', take).off('close', forget).off('end', leave).off('error', leave)
    }
    const leave = () => void socket.destroy()
    const take = (bytes: Buffer) => {
      gathered = Buffer.concat([gathered, bytes])
      const header = readProxyHeader(gathered)
      if (header === 'more') return
      forget()
      if (header === 'bad') return this.#close(socket, 'bad')
      socket.pause()
      if (header.address !== undefined) this.#connections.announce(socket, header.address)
      if (socket.destroyed) return
      if (gathered.length > header.bytes) socket.unshift(gathered.subarray(header.bytes))
      done()
    }
    socket.on('data', take).once('close', forget).once('end', leave).once('error', leave)
  }

  #close(socket: Socket, why: keyof typeof WHY): void {
    const { remoteAddress: peer } = socket
    // A socket without a peer is one whose client has left: a balancer's check that only connects.
    if (peer !== undefined) this.#warnings.warn(why, { peer }, WHY[why])
    socket.destroy()
  }
}
