import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Ports below those for outgoing connections and port 0, so that none of these takes one before its user does. */
const LOWEST = 20_000
const HIGHEST = 32_767
const IPV4 = '127.0.0.1'
const IPV6 = '::1'

const anyPort = (): number => randomInt(LOWEST, HIGHEST + 1)

/** Returns a port on loopback that is free now: `wanted` if it is, unless that is 0. */
export async function freePort(wanted = 0): Promise<number> {
  for (let port = wanted === 0 ? anyPort() : wanted; ; port = anyPort()) {
    const refusal = await refusalOf(port, IPV4)
    if (refusal === null) return port
    if (refusal.code !== 'EADDRINUSE' && refusal.code !== 'EACCES') throw refusal
  }
}

/**
 * Returns the loopback addresses of this machine. Tries to listen on ::1, because the errors of containers and of kernels
 * without IPv6 differ.
 */
export async function loopbackAddresses(): Promise<string[]> {
  return (await refusalOf(0, IPV6)) === null ? [IPV4, IPV6] : [IPV4]
}

/** Returns whether something listens on the port, on either loopback address. Throws if listening is not permitted. */
export async function isBusy(port: number): Promise<boolean> {
  for (const host of await loopbackAddresses()) {
    const refusal = await refusalOf(port, host)
    if (refusal?.code === 'EADDRINUSE') return true
    if (refusal !== null) throw refusal
  }
  return false
}

/** Returns why listening fails; null if it works. */
function refusalOf(port: number, host: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, ipv6Only: host === IPV6 }, () => server.close(() => resolve(null)))
  })
}
