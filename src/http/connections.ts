import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ClientCertificate } from '../auth/certificates/client-certificate.ts'
import type { GatewayError } from '../core/errors.ts'
import type { HttpRequest, HttpResponse } from './messages.ts'
import { SlowTakers, type TakingLimits } from './slow-takers.ts'

/** An unanswered request, as its connection sees it. */
export interface OpenRequest {
  readonly request: HttpRequest
  readonly response: HttpResponse
  /** Reports that the rest of its body will not come. */
  interrupt(error: GatewayError): void
  /** Reports that the connection is closed. */
  end(): void
}

/** One client connection, with its unanswered requests and the answers that its client has not taken. */
export class Connection {
  readonly socket: Socket
  /** Where it comes from: its peer, or the client that the peer's PROXY header names. */
  readonly address: string | undefined
  /** What the client presented in TLS. */
  readonly certificate: ClientCertificate | undefined
  /** The HTTP parser gave up: no further request is read. */
  broken = false
  /** An answer has announced the close: later requests are neither executed nor answered. */
  closing = false
  /** A request on it was authenticated. */
  authenticated = false
  /** The client has closed its side. It still gets the answers to what it sent. */
  inputEnded = false
  /**
   * On the direct path: bytes of the next request arrived before the head of this answer was written. The answer must not
   * announce the close then.
   */
  pipelined = false
  /** The last request, until it is complete and answered. */
  latest: OpenRequest | undefined
  readonly #exchanges: OpenRequest[] = []
  readonly #slowTakers: SlowTakers
  #untakenAnswers = 0
  /** Bytes read when the last request was answered, and the time. */
  #bytesDone = 0
  #idleSinceMs = performance.now()
  #whenIdle: (() => void) | undefined

  constructor(
    socket: Socket,
    address: string | undefined,
    certificate: ClientCertificate | undefined,
    slowTakers: SlowTakers
  ) {
    this.socket = socket
    this.address = address
    this.certificate = certificate
    this.#slowTakers = slowTakers
    // Under TLS the socket has this property only after the handshake.
    socket.allowHalfOpen = true
    socket.once('end', () => (this.inputEnded = true))
    // A response queued behind another one gets no close event of its own: tell its exchange from here.
    socket.once('close', () => {
      slowTakers.release(socket)
      for (const exchange of this.#exchanges.slice()) exchange.end()
    })
  }

  /** Number of unanswered requests; more than one if the client pipelines. */
  get openExchanges(): number {
    return this.#exchanges.length
  }

  /** Returns whether, for `durationMs`, all answers have been taken and no byte of a request has arrived. */
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
    // An idle connection must not hold the memory of its last request.
    if (this.latest === exchange && exchange.request.complete) this.latest = undefined
    this.#bytesDone = this.socket.bytesRead
    this.#idleSinceMs = performance.now()
    if (this.#exchanges.length === 0) this.#whenIdle?.()
  }

  /** Calls back once, when every request is answered; at once if that is so already. */
  whenIdle(callback: () => void): void {
    if (this.#exchanges.length === 0) callback()
    else this.#whenIdle = callback
  }

  /** Closes the connection if the client takes this answer too slowly. */
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
  /** Whether a peer stands for many clients, so that `perAddress` is not for it. */
  isProxy?(peer: string): boolean
  /** What becomes of a connection beyond `inAll`: it is refused, or takes the place of another ({@link dispensable}). */
  readonly whenFull: WhenFull
}

export type WhenFull = 'refuse' | 'displace'

/** All connections of a front, whichever address they arrived at. */
export class Connections {
  readonly #limits: ConnectionLimits
  readonly #onRefused: (setting: string) => void
  readonly #slowTakers: SlowTakers
  /** TCP sockets, and the address that each counts for. Under TLS, requests arrive on the TLS sockets above them. */
  readonly #accepted = new Map<Socket, string>()
  /** Number of accepted connections by that address. */
  readonly #addresses = new Map<string, number>()
  /** The address that a PROXY header names, by {@link peerOf}. */
  readonly #announced = new Map<string, string>()
  readonly #open = new Map<Duplex, Connection>()
  #refusing = false

  /** @param onRefused called for the first of several refused connections in a row, with the setting that refuses them */
  constructor(limits: ConnectionLimits, onRefused: (setting: string) => void) {
    this.#limits = limits
    this.#onRefused = onRefused
    this.#slowTakers = new SlowTakers(limits)
  }

  get size(): number {
    return this.#accepted.size
  }

  /** Accepts a TCP connection, or closes it if there are too many. */
  accept(socket: Socket): void {
    if (this.#accepted.size >= this.#limits.inAll) {
      if (this.#limits.whenFull === 'refuse') return this.#refuse(socket, 'limits.connections')
      this.#displace(dispensable(this.#accepted.keys(), this.#open.values(), each => this.addressOf(each)))
    }
    const address = socket.remoteAddress ?? ''
    if (this.#isLimited(address)) return this.#refuse(socket, 'quotas.connectionsPerAddress')
    this.#refusing = false
    this.#countFor(socket, address)
    socket.once('close', () => this.#uncount(socket))
  }

  /** Counts an accepted connection for the client that its PROXY header names, or closes it if that one has too many. */
  announce(socket: Socket, address: string): void {
    this.#uncount(socket)
    if (this.#isLimited(address)) return this.#refuse(socket, 'quotas.connectionsPerAddress')
    this.#countFor(socket, address)
    const peer = peerOf(socket)
    this.#announced.set(peer, address)
    socket.once('close', () => this.#announced.delete(peer))
  }

  /** Returns the client's address if a PROXY header names it, else that of the peer. Takes TCP and TLS sockets. */
  addressOf(socket: Socket): string | undefined {
    return (this.#announced.size > 0 ? this.#announced.get(peerOf(socket)) : undefined) ?? socket.remoteAddress
  }

  #isLimited(address: string): boolean {
    const fromThere = this.#addresses.get(address) ?? 0
    return fromThere >= this.#limits.perAddress && this.#limits.isProxy?.(address) !== true
  }

  #countFor(socket: Socket, address: string): void {
    this.#accepted.set(socket, address)
    this.#addresses.set(address, (this.#addresses.get(address) ?? 0) + 1)
  }

  #uncount(socket: Socket): void {
    const address = this.#accepted.get(socket)
    if (address === undefined) return
    this.#accepted.delete(socket)
    const left = (this.#addresses.get(address) ?? 1) - 1
    if (left === 0) this.#addresses.delete(address)
    else this.#addresses.set(address, left)
  }

  #displace(socket: Socket): void {
    socket.destroy()
    this.#uncount(socket)
  }

  #refuse(socket: Socket, setting: string): void {
    socket.destroy()
    if (!this.#refusing) this.#onRefused(setting)
    this.#refusing = true
  }

  /** Returns the connection of a socket that is ready for requests: under TLS, after the handshake. */
  open(socket: Socket, certificate?: ClientCertificate): Connection {
    const connection = new Connection(socket, this.addressOf(socket), certificate, this.#slowTakers)
    this.#open.set(socket, connection)
    socket.once('close', () => this.#open.delete(socket))
    return connection
  }

  /** Returns undefined before the end of the TLS handshake, and after the close. */
  of(socket: Duplex): Connection | undefined {
    return this.#open.get(socket)
  }

  /** Closes connections that have been idle for `durationMs`. The others learn of the close from their next answer. */
  closeIdle(durationMs: number): void {
    for (const connection of this.#open.values()) if (connection.isIdleFor(durationMs)) connection.socket.destroySoon()
  }

  /** Closes the connections of clients that presented a certificate, each when its requests are answered. */
  closeCertified(): void {
    for (const connection of this.#open.values())
      if (connection.certificate !== undefined) connection.whenIdle(() => connection.socket.destroySoon())
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) socket.destroy()
    for (const socket of this.#accepted.keys()) socket.destroy()
  }
}

/**
 * Returns the oldest connection without an authenticated request, of the address that has most of those: so idle strangers
 * cannot lock out anybody. If every connection has had such a request, any may have to go.
 */
function dispensable(
  accepted: Iterable<Socket>,
  open: Iterable<Connection>,
  addressOf: (socket: Socket) => string | undefined
): Socket {
  const known = new Set([...open].filter(({ authenticated }) => authenticated).map(({ socket }) => peerOf(socket)))
  const all = [...accepted]
  const strangers = all.filter(socket => !known.has(peerOf(socket)))
  const byAddress = Map.groupBy(strangers.length > 0 ? strangers : all, addressOf)
  const [most] = [...byAddress.values()].toSorted((one, other) => other.length - one.length)
  return most[0]
}

/** The same for a TLS socket and the TCP socket below it, which are two objects. */
const peerOf = ({ remoteAddress, remotePort, localAddress }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress}`
