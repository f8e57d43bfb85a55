import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import { RawClient } from '../load/raw-client.ts'
import { expectSuccess, requestBytes } from '../load/requests.ts'
import { endpointOf } from './bench.ts'

const CONTENT_TYPE = 'application/vnd.kafka.v2+json'
const ACCEPT = 'application/vnd.kafka.binary.v2+json'

/** One connection to a gateway, for calls of v2 about consumer instances and for pages of v1. */
export class InstanceClient {
  readonly #client: RawClient
  readonly #token: string

  private constructor(client: RawClient, token: string) {
    this.#client = client
    this.#token = token
  }

  static async connect(gateway: GatewayProcess): Promise<InstanceClient> {
    return new InstanceClient(await RawClient.connect(endpointOf(gateway)), gateway.token)
  }

  /** Makes an instance and subscribes it; returns its path. */
  async create(group: string, name: string, topic: string): Promise<string> {
    const instance = `/consumers/${group}/instances/${name}`
    await this.call('POST', `/consumers/${group}`, { name, format: 'binary', 'auto.offset.reset': 'earliest' })
    await this.call('POST', `${instance}/subscription`, { topics: [topic] })
    return instance
  }

  async call(method: string, path: string, content?: object): Promise<void> {
    const body = content === undefined ? {} : { body: JSON.stringify(content), contentType: CONTENT_TYPE }
    const request = requestBytes(method, path, { token: this.#token, accept: CONTENT_TYPE, ...body })
    expectSuccess(await this.#client.send(request, 'body'))
  }

  /** Returns the body. */
  async read(path: string): Promise<Buffer> {
    const accept = path.startsWith('/v1/') ? 'application/json' : ACCEPT
    const request = requestBytes('GET', path, { token: this.#token, accept })
    return expectSuccess(await this.#client.send(request, 'body')).body ?? Buffer.alloc(0)
  }

  close(): void {
    this.#client.close()
  }
}

const OFFSET = Buffer.from('"offset":')

/** How many records an answer holds. */
export function recordsIn(body: Buffer): number {
  let records = 0
  for (let at = body.indexOf(OFFSET); at >= 0; at = body.indexOf(OFFSET, at + OFFSET.length)) records++
  return records
}
