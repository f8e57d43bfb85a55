import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { freePort, isBusy } from '../../../src/dev/kafka/free-port.ts'

/** Listens for as long as the test runs; null where this machine lacks the address. */
async function listenOn(t: TestContext, host: string): Promise<number | null> {
  const server = createServer()
  t.after(() => server.close())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRNOTAVAIL' ? resolve(null) : reject(error)
    )
    server.listen({ host, port: 0, ipv6Only: host === '::1' }, () => resolve((server.address() as AddressInfo).port))
  })
}

suite('A port of this machine', () => {
  test('is the one that was wanted where that is free, else another', async t => {
    const free = await freePort()
    assert.equal(await freePort(free), free)
    const taken = Number(await listenOn(t, '127.0.0.1'))
    assert.notEqual(await freePort(taken), taken)
  })

  test('is none that Linux or macOS would give to somebody else before it is used: those begin at 32768', async () => {
    for (let turn = 0; turn < 50; turn++) {
      const port = await freePort(turn % 2 === 0 ? undefined : 0)
      assert.ok(port >= 1024 && port < 32_768, String(port))
    }
  })

  for (const host of ['127.0.0.1', '::1']) {
    test(`is busy when something listens on ${host} only`, async t => {
      const port = await listenOn(t, host)
      if (port === null) t.skip(`there is no ${host} here`)
      else assert.equal(await isBusy(port), true)
    })
  }

  test('is not busy when nothing listens', async () => {
    assert.equal(await isBusy(await freePort()), false)
  })
})
