import { createServer, type AddressInfo } from 'node:net'

/** A port on loopback that is free now; `wanted` where that is. */
export async function freePort(wanted = 0): Promise<number> {
  try {
    return await tryPort(wanted)
  } catch {
    return tryPort(0)
  }
}

/** Is something listening there, on either loopback address? One that this machine lacks counts as free. */
export async function isBusy(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    const refusal = await tryPort(port, host).then(
      () => null,
      (error: NodeJS.ErrnoException) => error.code
    )
    if (refusal !== null && refusal !== 'EADDRNOTAVAIL') return true
  }
  return false
}

function tryPort(port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port, ipv6Only: host === '::1' }, () => {
      const bound = (server.address() as AddressInfo).port
      server.close(() => resolve(bound))
    })
  })
}
