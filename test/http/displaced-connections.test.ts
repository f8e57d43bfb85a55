import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectSecurely } from 'node:tls'
import { ca, tls } from './support/certificate.ts'
import { startFront } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'

const PROBE = rawRequest('GET /health/live')
const LIST = rawRequest('GET /v1/metadata/topics')

for (const scheme of ['http', 'https'])
  test(
    `over ${scheme} a newcomer takes the place of the oldest stranger of the address that has most of them`,
    { timeout: 10_000 },
    async t => {
      const { port, log } = await startFront(t, {
        limits: { connections: 4 },
        whenFull: 'displace',
        ...(scheme === 'https' ? { tls } : {})
      })
      const clientFrom = async (localAddress: string): Promise<RawClient> => {
        const plain: Socket = connect({ port, host: '127.0.0.1', localAddress })
        t.after(() => plain.destroy())
        await once(plain, 'connect')
        if (scheme === 'http') return new RawClient(plain)
        const socket = connectSecurely({ socket: plain, servername: 'localhost', ca })
        await once(socket, 'secureConnect')
        return new RawClient(socket)
      }
      const known = await clientFrom('127.0.0.1')
      assert.equal((await known.send(LIST).answer()).status, 200)
      const lonely = await clientFrom('127.0.0.2')
      const strangers = [await clientFrom('127.0.0.1'), await clientFrom('127.0.0.1')]
      for (const stranger of strangers) assert.equal((await stranger.send(PROBE).answer()).status, 200)

      const newcomer = await clientFrom('127.0.0.3')
      assert.equal((await newcomer.send(PROBE).answer()).status, 200)
      await strangers[0].ended()
      for (const client of [known, lonely, strangers[1]]) assert.equal((await client.send(PROBE).answer()).status, 200)

      for (let more = 0; more < 20; more++) await (await clientFrom('127.0.0.2')).send(PROBE).answer()
      assert.equal((await known.send(LIST).answer()).status, 200)
      assert.deepEqual(
        log.filter(({ level }) => level === 'warn'),
        []
      )
    }
  )
