import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { loadConfig } from '../../../src/config/load.ts'
import { configuredIdentity } from '../../../src/kafka/configured-identity.ts'
import { connectionSecurity } from '../../../src/kafka/transport/connection-security.ts'
import { Folder, leastEnvironment } from '../../config/support/configs.ts'

const folder = new Folder()

function securityWith(kafka: object) {
  const { config } = loadConfig({ env: leastEnvironment, flags: { kafka } })
  const identity = configuredIdentity(config.kafka)
  return (host: string) => connectionSecurity(config.kafka.tls, identity, host)
}

test('a password in a file is read again at each authentication, also for a session that is renewed', () => {
  const passwordFile = folder.write('password', 'old\n')
  const security = securityWith({ sasl: { mechanism: 'SCRAM-SHA-256', username: 'u', passwordFile } })
  const { sasl: opened } = security('broker')
  assert.equal(opened?.password, 'old')
  folder.write('password', 'new\n')
  assert.equal(opened.password, 'new')
  assert.equal(security('broker').sasl?.password, 'new')
})

test('while its file is empty or gone, the password stays', () => {
  const passwordFile = folder.write('password', 'kept\n')
  const { sasl } = securityWith({ sasl: { mechanism: 'PLAIN', username: 'u', passwordFile } })('broker')
  folder.write('password', '')
  assert.equal(sasl?.password, 'kept')
})

test('certificates are read again for each connection', () => {
  const files = {
    caFile: folder.write('ca', 'a'),
    certFile: folder.write('cert', 'b'),
    keyFile: folder.write('key', 'c')
  }
  const security = securityWith({ tls: files })
  for (const name of ['ca', 'cert', 'key']) folder.write(name, `new ${name}`)
  const { ca, cert, key } = security('broker').tls ?? {}
  assert.deepEqual([ca, cert, key].map(String), ['new ca', 'new cert', 'new key'])
})

test('a client secret in a file is read again for each token', async t => {
  const secrets: (string | null)[] = []
  const server = createServer((request, response) => {
    void text(request).then(form => {
      secrets.push(new URLSearchParams(form).get('client_secret'))
      response.end(JSON.stringify({ access_token: 't', expires_in: 0 }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const clientSecretFile = folder.write('secret', 'first')
  const tokenUrl = `http://127.0.0.1:${address.port}/token`
  const sasl = { mechanism: 'OAUTHBEARER', tokenUrl, clientId: 'c', clientSecretFile }
  const security = securityWith({ sasl })
  await security('broker').sasl?.token?.()
  folder.write('secret', 'second')
  await new Promise(resolve => setTimeout(resolve, 1100))
  await security('broker').sasl?.token?.()
  assert.deepEqual(secrets, ['first', 'second'])
  server.closeAllConnections()
})
