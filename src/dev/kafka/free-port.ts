import { createServer, type AddressInfo } from 'node:net'

/** A port on loopback that is free now; `wanted` where that is. */
export async function freePort(wanted = 0): Promise<number> {
  try {
    return await tryPort(wanted)
  } catch {
    return tryPort(0)
  }
}

/** Is something listening there? */
export async function isBusy(port: number): Promise<boolean> {
  return tryPort(port).then(
    () => false,
    () => true
  )
}

function tryPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, () => {
      const bound = (server.address() as AddressInfo).port
      server.close(() => resolve(bound))
    })
  })
}
