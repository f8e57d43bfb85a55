import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { GatewayError } from '../core/errors.ts'
import type { HttpRequest, HttpResponse } from './messages.ts'
import { SlowTakers, type TakingLimits } from './slow-takers.ts'

/** A request as its connection knows it. */
export interface OpenRequest {
  readonly request: HttpRequest
  readonly response: HttpResponse
  /** The rest of its body will not come. */
  interrupt(error: GatewayError): void
  /** The connection is gone. */
  end(): void
}

/** One client connection: what is under way on it, and what is still to be taken by its client. */
export class Connection {
  readonly socket: Socket
  /** The HTTP parser gave it up: nothing more is read from it as a request. */
  broken = false
  /** An answer has announced the close: what arrives behind its request is neither carried out nor answered. */
  closing = false
  /** A request on it came from a caller who was let in. */
  authenticated = false
  /** The client has ended its side: it sends no more, and is owed the answers to what it sent. */
  inputEnded = false
  /**
   * On the direct path: bytes of a next request came before the head of the present answer was made, which must not
   * announce the close then.
   */
  pipelined = false
  /** The request that arrived last, until it is answered and has arrived whole. */
  latest: OpenRequest | undefined
  readonly #exchanges: OpenRequest[] = []
  readonly #slowTakers: SlowTakers
  #untakenAnswers = 0
  /** What had been read when the last request was answered, and when that was. */
  #bytesDone = 0
  #idleSinceMs = performance.now()
  #whenIdle: (() => void) | undefined

  constructor(socket: Socket, slowTakers: SlowTakers) {
    this.socket = socket
    this.#slowTakers = slowTakers
    // So for plain TCP; under TLS, only now that it is agreed on.
    socket.allowHalfOpen = true
    socket.once('end', () => (this.inputEnded = true))
    // A response that waits behind another one never hears that the socket is gone: its exchange hears it from here.
    socket.once('close', () => {
      slowTakers.release(socket)
      for (const exchange of this.#exchanges.slice()) exchange.end()
    })
  }

  /** Requests that are not answered yet; more than one when the client pipelines. */
  get openExchanges(): number {
    return this.#exchanges.length
  }

  /** For so long every answer has been taken whole, and no byte of another request has come. */
  isIdleFor(durationMs: number): boolean {
    return (
      this.#exchanges.length === 0 &&
      this.socket.bytesRead === this.#bytesDone &&
      performance.now() - this.#idleSinceMs >= durationMs
    )
  }

  begin(exchange: OpenRequest): void {
    this.latest = exchange
    this.#exchanges.push(exchange)
  }

  finish(exchange: OpenRequest): void {
    const place = this.#exchanges.indexOf(exchange)
    if (place >= 0) this.#exchanges.splice(place, 1)
    // An idle connection keeps nothing of what it carried.
    if (this.latest === exchange && exchange.request.complete) this.latest = undefined
    this.#bytesDone = this.socket.bytesRead
    this.#idleSinceMs = performance.now()
    if (this.#exchanges.length === 0) this.#whenIdle?.()
  }

  /** Calls once, when no request is waiting for its answer; at once when none is. */
  whenIdle(callback: () => void): void {
    if (this.#exchanges.length === 0) callback()
    else this.#whenIdle = callback
  }

  /** Closes the connection if the client takes the answer too slowly. */
  limitTaking(response: HttpResponse): void {
    if (this.#untakenAnswers++ === 0) this.#slowTakers.watch(this.socket)
    response.prependOnceListener('finish', () => {
      if (--this.#untakenAnswers === 0) this.#slowTakers.release(this.socket)
    })
  }
}

export interface ConnectionLimits extends TakingLimits {
  readonly inAll: number
  readonly perAddress: number
  /** What becomes of a connection beyond `inAll`: it is refused, or takes the place of another ({@link dispensable}). */
  readonly whenFull: WhenFull
}

export type WhenFull = 'refuse' | 'displace'

/** The connections of the whole process, on whatever address they came in. */
export class Connections {
  readonly #limits: ConnectionLimits
  readonly #onRefused: (setting: string) => void
  readonly #slowTakers: SlowTakers
  /** As accepted; under TLS these carry no requests themselves. */
  readonly #accepted = new Set<Socket>()
  /** Number of accepted connections by the address they come from. */
  readonly #addresses = new Map<string, number>()
  readonly #open = new Map<Duplex, Connection>()
  #refusing = false

  /** `onRefused` is called for the first of a row of refused connections, with the setting that refuses them. */
  constructor(limits: ConnectionLimits, onRefused: (setting: string) => void) {
    this.#limits = limits
    this.#onRefused = onRefused
    this.#slowTakers = new SlowTakers(limits)
  }

  get size(): number {
    return this.#accepted.size
  }

  /** Takes a new TCP connection, or closes it where there are too many. */
  accept(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    const fromThere = this.#addresses.get(address) ?? 0
    if (this.#accepted.size >= this.#limits.inAll) {
      if (this.#limits.whenFull === 'refuse') return this.#refuse(socket, 'limits.connections')
      this.#displace(dispensable(this.#accepted, this.#open.values()))
    }
    if (fromThere >= this.#limits.perAddress) return this.#refuse(socket, 'quotas.connectionsPerAddress')
    this.#refusing = false
    this.#accepted.add(socket)
    this.#addresses.set(address, fromThere + 1)
    socket.once('close', () => {
      this.#accepted.delete(socket)
      const left = (this.#addresses.get(address) ?? 1) - 1
      if (left === 0) this.#addresses.delete(address)
      else this.#addresses.set(address, left)
    })
  }

  #displace(socket: Socket): void {
    socket.destroy()
    this.#accepted.delete(socket)
  }

  #refuse(socket: Socket, setting: string): void {
    socket.destroy()
    if (!this.#refusing) this.#onRefused(setting)
    this.#refusing = true
  }

  /** `socket` is ready to carry requests: under TLS, the handshake is done. */
  open(socket: Socket): Connection {
    const connection = new Connection(socket, this.#slowTakers)
    this.#open.set(socket, connection)
    socket.once('close', () => this.#open.delete(socket))
    return connection
  }

  /** Undefined while TLS is not agreed on, and after the end. */
  of(socket: Duplex): Connection | undefined {
    return this.#open.get(socket)
  }

  /** Closes those that nobody has used for so long; those that are still used are told with their next answer. */
  closeIdle(durationMs: number): void {
    for (const connection of this.#open.values()) if (connection.isIdleFor(durationMs)) connection.socket.destroySoon()
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) socket.destroy()
    for (const socket of this.#accepted) socket.destroy()
  }
}

/**
 * Returns the oldest connection without an authenticated request, of the address that has most of those: so idle strangers
 * cannot lock out anybody. If every connection has had such a request, any may have to go.
 */
function dispensable(accepted: Iterable<Socket>, open: Iterable<Connection>): Socket {
  const known = new Set([...open].filter(({ authenticated }) => authenticated).map(({ socket }) => peerOf(socket)))
  const all = [...accepted]
  const strangers = all.filter(socket => !known.has(peerOf(socket)))
  const byAddress = Map.groupBy(strangers.length > 0 ? strangers : all, ({ remoteAddress }) => remoteAddress)
  const [most] = [...byAddress.values()].toSorted((one, other) => other.length - one.length)
  return most[0]
}

/** The same for a TLS socket and the TCP socket below it, which are two objects. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
