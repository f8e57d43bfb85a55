import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import type { Log } from '../core/log.ts'

/** Descriptors for logs, certificates, identity providers, the management listener and Node itself. */
const FILES = 64
/** Number of brokers whose connections are reserved. */
const BROKERS = 16
/** Connections to a broker beside those to produce and to fetch: metadata, topic administration, and 8 for slow reads. */
const OTHER_CONNECTIONS = 10

/**
 * Returns how many clients may connect: `limits.connections`, or fewer if the process may not open enough files, so that idle
 * clients do not take the descriptors that connections to brokers need. Logs one line in that case.
 */
export function connectionsWithin(
  { limits, kafka }: Pick<Config, 'limits' | 'kafka'>,
  log: Log,
  openFiles = openFilesLimit()
): number {
  const isCaller = kafka.identity === 'caller'
  const perBroker = isCaller
    ? kafka.identities.most * IDENTITY_CONNECTIONS
    : kafka.produceConnectionsPerBroker + kafka.fetchConnectionsPerBroker + OTHER_CONNECTIONS
  const reserved = Math.min(FILES + BROKERS * perBroker, Math.floor(openFiles / 2))
  const connections = openFiles - reserved
  if (connections >= limits.connections) return limits.connections
  log.warn(
    { openFiles, reserved, connections },
    `limits.connections is ${limits.connections}, but the process may open ${openFiles} files: ${connections} clients can be connected, the rest is for brokers and files. Raise the limit (ulimit -n, LimitNOFILE) or lower limits.connections; quotas.connectionsPerAddress bounds what one client takes`
  )
  return connections
}

/** Connections of an identity of a caller to a broker: to produce, to fetch, and for metadata. */
const IDENTITY_CONNECTIONS = 3

/**
 * Says if all identities of callers together could need more descriptors than there are. Undefined if not, and unless the
 * gateway acts as its callers. Counts the brokers that are configured, though there may be more.
 */
export function identityShortage({ kafka }: Pick<Config, 'kafka'>, openFiles = openFilesLimit()): string | undefined {
  const { most } = kafka.identities
  const needed = most * kafka.bootstrapServers.length * IDENTITY_CONNECTIONS
  if (kafka.identity === 'gateway' || needed <= openFiles / 2) return undefined
  return `kafka.identities.most is ${most}: they may need ${needed} connections to brokers, and the process may open ${openFiles} files, half of them for clients. Raise the limit (ulimit -n, LimitNOFILE) or lower kafka.identities.most`
}

/** Returns Infinity if the system does not tell. Node raises the soft limit to the hard one at its start. */
function openFilesLimit(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return limit === null ? Infinity : Number(limit[1])
  } catch {
    return Infinity
  }
}
