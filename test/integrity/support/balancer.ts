import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Target {
  readonly name: string
  readonly port: number
}

const REMEMBERED = 10_000

/**
 * A TCP balancer that knows nothing of HTTP: each connection goes to the next target in turn, or to the one after it where
 * that refuses. A connection that breaks on one side is reset on the other.
 */
export class Balancer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #targets: Target[] = []
  /** By the client's port. */
  readonly #servedBy = new Map<number, string>()
  #turn = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', socket => this.#connect(this.#keep(socket), this.#targets.length))
  }

  static start(): Promise<Balancer> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true })
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port: 0 }, () => resolve(new Balancer(server)))
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  add(name: string, port: number): void {
    this.#targets.push({ name, port })
  }

  /** Connections that it has stay. */
  remove(name: string): void {
    const index = this.#targets.findIndex(target => target.name === name)
    if (index >= 0) this.#targets.splice(index, 1)
  }

  /** Which target the connection from this port of a client went to. */
  servedBy(clientPort: number | undefined): string {
    return (clientPort === undefined ? undefined : this.#servedBy.get(clientPort)) ?? '?'
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #connect(client: Socket, attempts: number): void {
    if (attempts === 0 || this.#targets.length === 0) {
      client.resetAndDestroy()
      return
    }
    const target = this.#targets[this.#turn++ % this.#targets.length]
    const server = this.#keep(connect({ host: '127.0.0.1', port: target.port, noDelay: true, allowHalfOpen: true }))
    const next = () => this.#connect(client, attempts - 1)
    server.once('error', next)
    server.once('connect', () => {
      server.removeListener('error', next)
      this.#remember(client, target)
      tie(client, server)
      tie(server, client)
    })
  }

  #remember({ remotePort }: Socket, { name }: Target): void {
    if (remotePort === undefined) return
    this.#servedBy.delete(remotePort)
    this.#servedBy.set(remotePort, name)
    if (this.#servedBy.size > REMEMBERED) this.#servedBy.delete(this.#servedBy.keys().next().value ?? 0)
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    return socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
  }
}

function tie(from: Socket, to: Socket): void {
  from.pipe(to)
  from.on('close', hadError => {
    if (hadError) to.resetAndDestroy()
  })
}
