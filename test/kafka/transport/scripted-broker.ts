import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { KafkaConfig } from '../../../src/config/schema.ts'
import type { Log } from '../../../src/core/log.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'

export interface BrokerRequest {
  readonly key: number
  readonly version: number
  readonly body: Buffer
  readonly answer: (body: Buffer) => void
  /** Ends the connection, with whatever else is on its way over it. */
  readonly hangUp: () => void
}

/** An API that the broker offers. A request that `serve` leaves alone is never answered. */
export interface OfferedApi {
  readonly min?: number
  readonly max: number
  readonly flexibleSince: number
  readonly serve: (request: BrokerRequest) => void
}

const API_VERSIONS = 18

/**
 * Speaks Kafka's framing over real sockets and says what the test wants: for the moments that a healthy broker does not
 * show on demand. It stores nothing.
 */
export class ScriptedBroker {
  readonly apis = new Map<number, OfferedApi>()
  readonly requests: BrokerRequest[] = []
  /** Connections accepted so far. */
  accepted = 0
  /** Takes connections and bytes, answers nothing. */
  frozen = false
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #port = 0

  static async start(port = 0): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker()
    await broker.listen(port)
    return broker
  }

  get port(): number {
    return this.#port
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  get open(): number {
    return this.#sockets.size
  }

  /** The requests of one API, in their order. */
  asked(key: number): BrokerRequest[] {
    return this.requests.filter(request => request.key === key)
  }

  async listen(port = this.#port): Promise<void> {
    const server = createServer(socket => this.#serve(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const server = this.#server
    if (server !== null) await new Promise(resolve => server.close(resolve))
    this.#server = null
  }

  #serve(socket: Socket): void {
    this.accepted++
    this.#sockets.add(socket)
    let waiting = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk])
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE(0)) {
        const end = 4 + waiting.readInt32BE(0)
        this.#take(socket, waiting.subarray(4, end))
        waiting = waiting.subarray(end)
      }
    })
  }

  #take(socket: Socket, frame: Buffer): void {
    if (this.frozen) return
    const header = new WireReader(frame, false)
    const [key, version, correlation] = [header.int16(), header.int16(), header.int32()]
    header.string()
    const api = this.apis.get(key)
    const flexible = key === API_VERSIONS ? version >= 3 : version >= (api?.flexibleSince ?? Infinity)
    const reader = new WireReader(frame, flexible, header.position)
    reader.skipTags()
    const request: BrokerRequest = {
      key,
      version,
      body: frame.subarray(reader.position),
      // The header of an ApiVersions answer has no tagged fields in any version.
      answer: body => {
        const head = new WireWriter(flexible && key !== API_VERSIONS).int32(correlation).noTags().finish()
        socket.write(Buffer.concat([new WireWriter(false).int32(head.length + body.length).finish(), head, body]))
      },
      hangUp: () => socket.destroy()
    }
    if (key === API_VERSIONS) {
      request.answer(this.#offer(flexible))
      return
    }
    this.requests.push(request)
    if (api === undefined) socket.destroy()
    else api.serve(request)
  }

  #offer(flexible: boolean): Buffer {
    const writer = new WireWriter(flexible).int16(0).arrayLength(this.apis.size)
    for (const [key, { min = 0, max }] of this.apis) writer.int16(key).int16(min).int16(max).noTags()
    return writer.int32(0).noTags().finish()
  }
}

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined
}

export function kafkaConfig(bootstrapServers: string[], changes: Partial<KafkaConfig> = {}): KafkaConfig {
  return {
    bootstrapServers,
    clientId: 'test',
    connectTimeoutMs: 2000,
    requestTimeoutMs: 2000,
    deliveryTimeoutMs: 10_000,
    metadataMaxAgeMs: 30_000,
    metadataMaxTopics: 10_000,
    produceConnectionsPerBroker: 1,
    fetchConnectionsPerBroker: 1,
    fetchCacheBytes: 0,
    batchBytes: 131_072,
    compression: 'none',
    identity: 'gateway',
    tokenAudience: [],
    credentials: [],
    identityMap: [],
    identities: { believeMs: 300_000, idleMs: 300_000, most: 500, share: 25 },
    ...changes
  }
}
