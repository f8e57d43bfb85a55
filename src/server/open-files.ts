import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import type { Log } from '../core/log.ts'

/** For the log, certificates, the identity provider, the management listener, and what Node itself holds. */
const FILES = 64
/** Brokers whose connections are kept room for. */
const BROKERS = 16
/** Besides those to produce and to fetch: for metadata, for what administers topics, and 8 for slow reads. */
const OTHER_CONNECTIONS = 10

/**
 * Returns how many clients may be connected: `limits.connections`, or less where the process may not open so many files.
 * Else clients who do nothing would take the descriptors that connections to brokers need. Says so in one line.
 */
export function connectionsWithin(
  { limits, kafka }: Pick<Config, 'limits' | 'kafka'>,
  log: Log,
  openFiles = openFilesLimit()
): number {
  const perBroker = kafka.produceConnectionsPerBroker + kafka.fetchConnectionsPerBroker + OTHER_CONNECTIONS
  const reserved = Math.min(FILES + BROKERS * perBroker, Math.floor(openFiles / 2))
  const connections = openFiles - reserved
  if (connections >= limits.connections) return limits.connections
  log.warn(
    { openFiles, reserved, connections },
    `limits.connections is ${limits.connections}, but the process may open ${openFiles} files: ${connections} clients can be connected, the rest is for brokers and files. Raise the limit (ulimit -n, LimitNOFILE) or lower limits.connections; quotas.connectionsPerAddress bounds what one client takes`
  )
  return connections
}

/** Infinity where the system does not tell. Node has raised the soft limit to the hard one when it started. */
function openFilesLimit(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return limit === null ? Infinity : Number(limit[1])
  } catch {
    return Infinity
  }
}
