import { WireReader } from '../wire/wire-reader.ts'
import { WireWriter } from '../wire/wire-writer.ts'
import type { BrokerConnection } from './broker-connection.ts'

export interface VersionRange {
  readonly min: number
  readonly max: number
}

const API_VERSIONS = 18
/** Since Kafka 2.4; the first version that names the client software (KIP-511). */
const API_VERSION = 3

/**
 * Returns the versions of each API that a broker supports, by API key. Rejects if it is older than Kafka 2.4.
 * @see https://kafka.apache.org/protocol#The_Messages_ApiVersions
 */
export async function askVersions(connection: BrokerConnection): Promise<ReadonlyMap<number, VersionRange>> {
  const body = new WireWriter(true).string('kafka-rest-gateway').string('1').noTags().finish()
  // The header of this answer never has tagged fields, so that a client that knows no versions yet can read it.
  const request = { apiKey: API_VERSIONS, apiVersion: API_VERSION, flexible: true, taggedAnswer: false, body }
  const reader = new WireReader(await connection.request(request), true)
  const errorCode = reader.int16()
  if (errorCode !== 0) throw new Error(`it refuses ApiVersions with error ${errorCode}. Is it older than Kafka 2.4?`)
  const versions = new Map<number, VersionRange>()
  for (let apis = reader.arrayLength(); apis > 0; apis--) {
    versions.set(reader.int16(), { min: reader.int16(), max: reader.int16() })
    reader.skipTags()
  }
  return versions
}
