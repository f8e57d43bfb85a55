import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Deadline } from '../../src/core/deadline.ts'
import { JsonClient } from '../../src/core/lib/https-json.ts'
import { localCertificates } from '../../src/dev/certificates/local-certificates.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

let server: Server
let client: JsonClient
let url: string
let onRequest: Answer
const opened: { close(): unknown }[] = []

async function listen(started: Server): Promise<number> {
  await new Promise<void>(resolve => started.listen(0, '127.0.0.1', resolve))
  opened.push({
    close: () => {
      started.closeAllConnections()
      started.close()
    }
  })
  return (started.address() as AddressInfo).port
}

function newClient(options: Partial<ConstructorParameters<typeof JsonClient>[0]> = {}): JsonClient {
  const made = new JsonClient({ timeoutMs: 5000, ...options })
  opened.push(made)
  return made
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  onRequest(request, response, body)
}

beforeEach(async () => {
  server = createServer((request, response) => void serve(request, response))
  url = `http://127.0.0.1:${await listen(server)}`
  client = newClient()
})
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

test('a question without a body is a GET, a form and JSON are POSTs of their type', async () => {
  const seen: unknown[] = []
  onRequest = ({ method, headers }, response, body) => {
    seen.push([method, headers['content-type'], headers['content-length'], headers['x-one'], body])
    response.end('{"a":["ö"]}')
  }
  const answer = await client.request({ url, headers: { 'x-one': '1' } })
  assert.deepEqual([answer.status, answer.body], [200, { a: ['ö'] }])
  await client.request({ url, form: { a: 'å b', c: '&' } })
  await client.request({ url, json: { a: 'å' } })
  assert.deepEqual(seen, [
    ['GET', undefined, undefined, '1', ''],
    ['POST', 'application/x-www-form-urlencoded', '16', undefined, 'a=%C3%A5+b&c=%26'],
    ['POST', 'application/json', '10', undefined, '{"a":"å"}']
  ])
})

test('any status is an answer, a body that is no JSON is undefined, and a redirect is not followed', async () => {
  let requests = 0
  onRequest = (_request, response) => {
    requests++
    response.writeHead(302, { location: `${url}/elsewhere` }).end('<html>')
  }
  const { status, headers, body } = await client.request({ url })
  assert.deepEqual([status, headers.location, body, requests], [302, `${url}/elsewhere`, undefined, 1])
})

test('the answer is asked for as it is; one that is compressed all the same, or begins with a byte order mark, is read', async () => {
  const text = '{"keys":["ö"]}'
  const bom = Buffer.from([0xef, 0xbb, 0xbf])
  for (const [body, headers] of [
    [gzipSync(text), { 'content-encoding': 'gzip' }],
    [Buffer.concat([bom, Buffer.from(text)]), {}],
    [gzipSync(Buffer.concat([bom, Buffer.from(text)])), { 'content-encoding': 'X-GZIP' }]
  ] as const) {
    onRequest = (request, response) => {
      assert.equal(request.headers['accept-encoding'], 'identity')
      response.writeHead(200, headers).end(body)
    }
    const { body: read, fault } = await client.request({ url })
    assert.deepEqual([read, fault], [{ keys: ['ö'] }, undefined])
  }
})

test('a body that is no JSON is described, and nothing of it is repeated', async () => {
  client = newClient({ limitBytes: 1000 })
  for (const [body, headers, fault] of [
    ['<secret>', { 'content-type': 'text/html' }, 'its body of 8 bytes (text/html, identity) is no JSON'],
    ['', {}, 'its body of 0 bytes (of no type, identity) is no JSON'],
    ['"ä', { 'content-encoding': 'br' }, 'its body of 3 bytes (of no type, br) is no JSON'],
    [Buffer.from([0x22, 0xff, 0x22]), {}, 'its body of 3 bytes (of no type, identity) is no JSON'],
    [gzipSync(`"${'a'.repeat(5000)}"`), { 'content-encoding': 'gzip' }, /^its body of \d+ bytes .* is no JSON$/]
  ] as const) {
    onRequest = (_request, response) => response.writeHead(200, headers).end(body)
    const answer = await client.request({ url })
    assert.equal(answer.body, undefined)
    if (typeof fault === 'string') assert.equal(answer.fault, fault)
    else assert.match(String(answer.fault), fault)
  }
})

test('a deadline that comes before the time limit ends an exchange', async () => {
  onRequest = () => undefined
  const startedMs = performance.now()
  await assert.rejects(client.request({ url, deadline: Deadline.after(50) }), { name: 'AbortError' })
  await assert.rejects(client.request({ url, deadline: Deadline.after(0) }), { name: 'AbortError' })
  assert.ok(performance.now() - startedMs < 2000)
})

test('an answer over the limit is given up, one at the limit is not', async () => {
  client = newClient({ limitBytes: 1000 })
  onRequest = (_request, response) => response.end(`"${'a'.repeat(998)}"`)
  assert.equal((await client.request({ url })).body, 'a'.repeat(998))
  onRequest = (_request, response) => response.end(`"${'a'.repeat(999)}"`)
  await assert.rejects(client.request({ url }), /larger than 1000 bytes/)
})

test('an answer that never comes, or never ends, is given up in time', async () => {
  client = newClient({ timeoutMs: 100 })
  onRequest = () => undefined
  await assert.rejects(client.request({ url }), { name: 'AbortError' })
  onRequest = (_request, response) => void response.writeHead(200).write('{')
  await assert.rejects(client.request({ url }), { name: 'AbortError' })
})

test('an answer cut off in the middle is no answer', async () => {
  onRequest = (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{}')
    setImmediate(() => response.destroy())
  }
  await assert.rejects(client.request({ url }), { code: 'ECONNRESET' })
})

test('connections are kept alive, and one that the server closed meanwhile costs nothing', async () => {
  const used = new Map<Socket, number>()
  onRequest = ({ socket }, response) => {
    const times = (used.get(socket) ?? 0) + 1
    used.set(socket, times)
    if (times === 3) socket.destroy()
    else response.end('{}')
  }
  for (let number = 0; number < 5; number++) assert.equal((await client.request({ url })).status, 200)
  assert.deepEqual([...used.values()], [3, 3, 1])
})

test('a server that resets new connections is down, and is not asked again', async () => {
  let requests = 0
  onRequest = ({ socket }) => {
    requests++
    socket.destroy()
  }
  await assert.rejects(client.request({ url }), { code: 'ECONNRESET' })
  assert.equal(requests, 1)
})

test('only HTTPS is spoken, and HTTP to this machine', async () => {
  for (const address of ['http://example.com/', 'ftp://127.0.0.1/', 'http://127.0.0.1.example.com/', 'nonsense']) {
    await assert.rejects(client.request({ url: address }), TypeError)
  }
})

test('closing ends what is under way, and lets nothing begin', async () => {
  onRequest = () => client.close()
  await assert.rejects(client.request({ url }))
  await assert.rejects(client.request({ url }), /closed/)
})

test('HTTPS goes through the proxy that the environment names, to the server whose certificate it checks', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'https-json-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { certFile, keyFile, caFile } = localCertificates(folder)
  onRequest = (_request, response) => response.end('{"secure":true}')
  const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  const port = await listen(createTlsServer(tls, (request, response) => void serve(request, response)))
  const tunnels: (string | undefined)[] = []
  const proxy = createServer()
  proxy.on('connect', ({ url: target }: IncomingMessage, socket: Socket) => {
    tunnels.push(target)
    const through = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    through.on('error', () => socket.destroy()).pipe(socket)
    socket.on('error', () => through.destroy()).pipe(through)
    opened.push({ close: () => socket.destroy() }, { close: () => through.destroy() })
  })
  const proxyPort = await listen(proxy)
  const proxyEnvironment = { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` }
  const address = `https://localhost:${port}`
  const proxied = newClient({ caFile, proxyEnvironment })
  assert.deepEqual((await proxied.request({ url: address })).body, { secure: true })
  const direct = newClient({ caFile, proxyEnvironment: { ...proxyEnvironment, NO_PROXY: 'localhost' } })
  assert.deepEqual((await direct.request({ url: address })).body, { secure: true })
  assert.deepEqual(tunnels, [`localhost:${port}`])
  await assert.rejects(newClient().request({ url: address }), /certificate/)
})

test('other certificates in the file are trusted within a minute; a broken file changes nothing', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'https-json-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [one, two] = ['one', 'two'].map(name => localCertificates(join(folder, name)))
  onRequest = (_request, response) => response.end('{}')
  const ports: number[] = []
  for (const { certFile, keyFile } of [one, two]) {
    const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
    ports.push(await listen(createTlsServer(tls, (request, response) => void serve(request, response))))
  }
  const caFile = join(folder, 'trusted.pem')
  copyFileSync(one.caFile, caFile)
  let nowMs = 0
  client = newClient({ caFile, now: () => nowMs })
  const trusted = () =>
    Promise.all(
      ports.map(port =>
        client.request({ url: `https://localhost:${port}` }).then(
          () => true,
          () => false
        )
      )
    )
  assert.deepEqual(await trusted(), [true, false])
  writeFileSync(caFile, '-----BEGIN CERTIFICATE-----\nhalf')
  nowMs += 60_000
  assert.deepEqual(await trusted(), [true, false])
  copyFileSync(two.caFile, caFile)
  assert.deepEqual(await trusted(), [true, false])
  nowMs += 60_000
  assert.deepEqual(await trusted(), [false, true])
})
