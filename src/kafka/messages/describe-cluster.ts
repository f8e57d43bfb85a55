// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DescribeCluster */
export const describeCluster: Message<DescribeClusterRequest, DescribeClusterResponse> = {
  key: 60,
  min: 0,
  max: 2,
  flexibleSince: 0,
  write: (writer, version, request) => writeDescribeClusterRequest(writer, version, request),
  read: readDescribeClusterResponse
}

export interface DescribeClusterRequest {
  /** Whether to include cluster authorized operations. */
  readonly includeClusterAuthorizedOperations: boolean
  /** The endpoint type to describe. 1=brokers, 2=controllers. */
  readonly endpointType?: number
  /** Whether to include fenced brokers when listing brokers. */
  readonly includeFencedBrokers?: boolean
}

export interface DescribeClusterResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The top-level error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The top-level error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** The endpoint type that was described. 1=brokers, 2=controllers. */
  readonly endpointType: number
  /** The cluster ID that responding broker belongs to. */
  readonly clusterId: string
  /** The ID of the controller. When handled by a controller, returns the current voter leader ID. When handled by a broker, returns a random alive broker ID as a fallback. */
  readonly controllerId: number
  /** Each broker in the response. */
  readonly brokers: readonly DescribeClusterBroker[]
  /** 32-bit bitfield to represent authorized operations for this cluster. */
  readonly clusterAuthorizedOperations: number
}

export interface DescribeClusterBroker {
  /** The broker ID. */
  readonly brokerId: number
  /** The broker hostname. */
  readonly host: string
  /** The broker port. */
  readonly port: number
  /** The rack of the broker, or null if it has not been assigned to a rack. */
  readonly rack: string | null
  /** Whether the broker is fenced */
  readonly isFenced: boolean
}

function writeDescribeClusterRequest(writer: WireWriter, version: number, value: DescribeClusterRequest): void {
  writeBoolean(writer, value.includeClusterAuthorizedOperations)
  if (version >= 1) writer.int8(value.endpointType ?? 1)
  else if ((value.endpointType ?? 1) !== 1) notInVersion('endpointType', version)
  if (version >= 2) writeBoolean(writer, value.includeFencedBrokers ?? false)
  else if (value.includeFencedBrokers === true) notInVersion('includeFencedBrokers', version)
  writer.noTags()
}

function readDescribeClusterResponse(reader: WireReader, version: number): DescribeClusterResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    endpointType: version >= 1 ? reader.int8() : 1,
    clusterId: reader.string() ?? '',
    controllerId: reader.int32(),
    brokers: readArray(reader, () => readDescribeClusterBroker(reader, version)) ?? [],
    clusterAuthorizedOperations: reader.int32()
  }
  reader.skipTags()
  return value
}

function readDescribeClusterBroker(reader: WireReader, version: number): DescribeClusterBroker {
  const value = {
    brokerId: reader.int32(),
    host: reader.string() ?? '',
    port: reader.int32(),
    rack: reader.string(),
    isFenced: version >= 2 ? reader.int8() !== 0 : false
  }
  reader.skipTags()
  return value
}
