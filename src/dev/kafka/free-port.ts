import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below what systems give to outgoing connections and to listeners on port 0: none of those takes it before its user does. */
const LOWEST = 20_000
const HIGHEST = 32_767

const anyPort = (): number => randomInt(LOWEST, HIGHEST + 1)

/** A port on loopback that is free now; `wanted` where that is, 0 being no wish. */
export async function freePort(wanted = 0): Promise<number> {
  for (let port = wanted === 0 ? anyPort() : wanted; ; port = anyPort()) {
    const refusal = await refusalOf(port, '127.0.0.1')
    if (refusal === null) return port
    if (refusal.code !== 'EADDRINUSE' && refusal.code !== 'EACCES') throw refusal
  }
}

/** Is something listening there, on either loopback address? One that this machine lacks counts as free. */
export async function isBusy(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    const refusal = await refusalOf(port, host)
    if (refusal !== null && refusal.code !== 'EADDRNOTAVAIL') return true
  }
  return false
}

/** Why nobody can listen there; null when somebody can. */
function refusalOf(port: number, host: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, ipv6Only: host === '::1' }, () => server.close(() => resolve(null)))
  })
}
