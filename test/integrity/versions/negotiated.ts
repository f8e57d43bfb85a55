import { RepeatedWarnings } from '../../../src/core/lib/repeated-warnings.ts'
import { LIST_OFFSETS } from '../../../src/kafka/admin/list-offsets-message.ts'
import { FETCH, FETCH_MAX_VERSION, FETCH_MIN_VERSION } from '../../../src/kafka/fetch/fetch-message.ts'
import { METADATA } from '../../../src/kafka/metadata/metadata-message.ts'
import { PRODUCE, PRODUCE_MAX_VERSION, PRODUCE_MIN_VERSION } from '../../../src/kafka/produce/produce-message.ts'
import { BrokerChannel } from '../../../src/kafka/transport/broker-channel.ts'
import { Endpoint } from '../../../src/kafka/transport/endpoint.ts'
import { silent } from '../../kafka/transport/scripted-broker.ts'

const APIS = [
  { key: PRODUCE, min: PRODUCE_MIN_VERSION, max: PRODUCE_MAX_VERSION },
  { key: FETCH, min: FETCH_MIN_VERSION, max: FETCH_MAX_VERSION },
  METADATA,
  LIST_OFFSETS
]

/** What the gateway's own connection agrees on with a broker: versions of Produce, Fetch, Metadata, ListOffsets. */
export async function negotiated(address: string): Promise<string> {
  const [host, port] = address.split(':')
  const endpoint = new Endpoint(host, Number(port), 'the test', new RepeatedWarnings(silent))
  const channel = new BrokerChannel(endpoint, {
    clientId: 'versions',
    connectTimeoutMs: 20_000,
    requestTimeoutMs: 20_000,
    security: () => ({})
  })
  try {
    const versions: number[] = []
    for (const { key, min, max } of APIS) versions.push(await channel.version(key, min, max))
    return versions.join('/')
  } finally {
    await channel.close()
  }
}
