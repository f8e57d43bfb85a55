import type { TestGateway } from '../../support/gateway.ts'

/** Asks the management listener. */
export function manage(gateway: TestGateway, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${gateway.server.managementPort}${path}`, init)
}

/** The samples of the text format, by name with labels. */
export async function samples(gateway: TestGateway): Promise<ReadonlyMap<string, number>> {
  const text = await (await manage(gateway, '/metrics')).text()
  return new Map(
    text
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))])
  )
}
