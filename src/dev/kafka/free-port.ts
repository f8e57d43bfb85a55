import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below what systems give to outgoing connections and to listeners on port 0: none of those takes it before its user does. */
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
 * Returns the loopback addresses that this machine has. There is no ::1 in containers without IPv6, and none anywhere if the
 * kernel runs without it; the errors differ, so one is tried rather than named.
 */
export async function loopbackAddresses(): Promise<string[]> {
  return (await refusalOf(0, IPV6)) === null ? [IPV4, IPV6] : [IPV4]
}

/** Returns whether something listens on that port, on either loopback address. Throws if nobody may listen there. */
export async function isBusy(port: number): Promise<boolean> {
  for (const host of await loopbackAddresses()) {
    const refusal = await refusalOf(port, host)
    if (refusal?.code === 'EADDRINUSE') return true
    if (refusal !== null) throw refusal
  }
  return false
}

/** Returns why nobody can listen there; null if somebody can. */
function refusalOf(port: number, host: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, ipv6Only: host === IPV6 }, () => server.close(() => resolve(null)))
  })
}
