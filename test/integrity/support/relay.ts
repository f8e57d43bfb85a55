import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

interface Leg {
  readonly from: Socket
  readonly to: Socket
  /** In order: none overtakes another, whatever the delay. Null is the end of the stream. */
  readonly pending: { readonly bytes: Buffer | null; readonly dueMs: number }[]
  timer: NodeJS.Timeout | undefined
  /** Nothing passes: what comes is taken and kept. */
  held: boolean
}

/** A TCP relay between the gateway and a broker, or between brokers, that can be made to fail. */
export class Relay {
  readonly port: number
  readonly #server: Server
  readonly #target: number
  readonly #legs = new Set<Leg>()
  readonly #sockets = new Set<Socket>()
  #delayMs = 0
  #holdsNew = false
  #refusesNew = false

  private constructor(server: Server, target: number) {
    this.port = (server.address() as AddressInfo).port
    this.#server = server
    this.#target = target
    server.on('connection', socket => this.#accept(socket))
  }

  /** Listens on a loopback address and hands on to `target`, a port of 127.0.0.1. */
  static start(target: number, { host = '127.0.0.1', port = 0 } = {}): Promise<Relay> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true })
      server.once('error', reject)
      server.listen({ host, port }, () => resolve(new Relay(server, target)))
    })
  }

  get connections(): number {
    return this.#legs.size / 2
  }

  /** Each way; half a round trip. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs
  }

  /** A black hole: connections are taken, those there are stay open, and nothing passes, or nothing but what brokers answer. */
  hold({ answers = true } = {}): void {
    this.#holdsNew = true
    for (const leg of this.#legs) leg.held = answers || leg.to.remotePort === this.#target
  }

  /** New connections pass bytes again; those held keep what they hold, even when their client is gone. */
  flowForNew(): void {
    this.#holdsNew = false
    this.#refusesNew = false
  }

  /** All that was held arrives, late. */
  flow(): void {
    this.flowForNew()
    for (const leg of this.#legs) {
      leg.held = false
      this.#pump(leg)
    }
  }

  /** New connections are reset. */
  refuse(): void {
    this.#refusesNew = true
  }

  /** Ends every connection with RST on both sides, whatever is under way. */
  reset(): void {
    for (const { from, to, pending, timer } of this.#legs) {
      clearTimeout(timer)
      pending.length = 0
      from.resetAndDestroy()
      to.resetAndDestroy()
    }
  }

  /** Tells the gateway's side that no more comes, and goes on taking what it sends. */
  halfClose(): void {
    for (const { from } of this.#legs) if (from.remotePort !== this.#target) from.end()
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const leg of this.#legs) clearTimeout(leg.timer)
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(client: Socket): void {
    if (this.#refusesNew) {
      client.resetAndDestroy()
      return
    }
    const broker = connect({ host: '127.0.0.1', port: this.#target, noDelay: true, allowHalfOpen: true })
    this.#join(client, broker)
    this.#join(broker, client)
  }

  #join(from: Socket, to: Socket): void {
    const leg: Leg = { from, to, pending: [], timer: undefined, held: this.#holdsNew }
    this.#legs.add(leg)
    this.#sockets.add(from)
    const take = (bytes: Buffer | null) => {
      leg.pending.push({ bytes, dueMs: performance.now() + this.#delayMs })
      this.#pump(leg)
    }
    from.on('data', take)
    from.on('end', () => take(null))
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#sockets.delete(from)
      if (leg.pending.length === 0) this.#part(leg)
    })
  }

  #pump(leg: Leg): void {
    if (leg.held || leg.timer !== undefined) return
    for (const nowMs = performance.now(); leg.pending.length > 0 && leg.pending[0].dueMs <= nowMs;) {
      const bytes = leg.pending.shift()?.bytes ?? null
      if (bytes === null) leg.to.end()
      else leg.to.write(bytes)
    }
    if (leg.pending.length === 0) {
      if (leg.from.destroyed) this.#part(leg)
      return
    }
    leg.timer = setTimeout(
      () => {
        leg.timer = undefined
        this.#pump(leg)
      },
      Math.max(1, leg.pending[0].dueMs - performance.now())
    )
  }

  #part(leg: Leg): void {
    this.#legs.delete(leg)
    leg.to.destroy()
  }
}
