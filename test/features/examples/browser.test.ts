import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { keyLine, makeKey } from '../../../src/auth/api-key-file.ts'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { until } from '../../integrity/support/workers.ts'
import { launchBrowser, skipWithoutBrowser } from '../../support/browser.ts'
import { GatewayProcess } from '../../support/gateway-process.ts'
import { sharedBroker, TestGateway, uniqueTopic } from '../../support/gateway.ts'

const EXAMPLE = new URL('../../../examples/browser/', import.meta.url)
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

suite('The example for browsers', { skip: skipWithoutBrowser, timeout: 90_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-browser-'))
  const keys = join(folder, 'keys')
  const key = makeKey({ principal: 'reader', groups: [], roles: [], networks: [], expiresMs: undefined }, Date.now())
  let pages: Server
  let origin: string
  let browser: Browser
  /** Stays, to write through. */
  let writer: TestGateway

  before(async () => {
    writeFileSync(keys, `${keyLine(key.entry)}\n`)
    pages = createServer(({ url = '/' }, response) => {
      const file = url === '/' ? 'index.html' : url.slice(1)
      response.setHeader('content-type', TYPES[extname(file)] ?? 'text/plain')
      try {
        response.end(readFileSync(new URL(file, EXAMPLE)))
      } catch {
        response.writeHead(404).end()
      }
    })
    await new Promise<void>(resolve => pages.listen(0, '127.0.0.1', resolve))
    origin = `http://localhost:${(pages.address() as AddressInfo).port}`
    browser = await launchBrowser()
    writer = await TestGateway.start({ settings: { cors: { origins: [origin] } } })
  })
  after(async () => {
    await browser.close()
    await writer.close()
    pages.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('follows a topic from another origin, through a restart and a crash of the gateway, without a gap', async t => {
    const topic = uniqueTopic('browser')
    await writer.createTopic(topic, { partition_count: 1 })
    const port = await freePort()
    const start = () =>
      GatewayProcess.start({
        bootstrapServers: [sharedBroker()],
        port,
        settings: {
          cors: { origins: [origin] },
          auth: {
            apiKeys: { file: keys },
            rules: [{ issuers: ['apikey'], principals: ['reader'], operations: ['read'], topics: [topic] }]
          }
        }
      })
    let gateway = await start()
    t.after(() => gateway.stop())
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(origin)
    await page.locator('[name=gateway]').fill(`https://localhost:${port}`)
    await page.locator('[name=topic]').fill(topic)
    await page.locator('[name=token]').fill(key.text)
    await page.locator('button').click()
    const seen = async (): Promise<number[]> =>
      (await page.locator('#records').innerText())
        .split('\n')
        .filter(line => line !== '')
        .map(line => (JSON.parse(line) as { offset: number }).offset)
    let written = 0
    const write = async (count: number) => {
      for (const end = written + count; written < end; written++) await writer.produce(topic, [{ value: written }])
    }
    const untilAllIsSeen = () =>
      until('the page shows every record', async () => new Set(await seen()).size === written)

    await until('the page follows', async () => (await page.locator('#state').innerText()) === 'following')
    await write(20)
    await untilAllIsSeen()
    await gateway.stop()
    await write(20)
    gateway = await start()
    await write(20)
    await untilAllIsSeen()
    gateway.signal('SIGKILL')
    await gateway.stop()
    await write(20)
    gateway = await start()
    await write(20)
    await untilAllIsSeen()
    const offsets = await seen()
    const firsts = offsets.filter((offset, at) => offsets.indexOf(offset) === at)
    assert.deepEqual(
      firsts,
      Array.from({ length: 100 }, (_, offset) => offset),
      'in order, none left out'
    )
    assert.ok(offsets.length <= 140, `at most one burst is repeated after each break: ${offsets.length - 100} were`)
    await context.close()
  })

  test('says why a token is refused, and does not try again', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(origin)
    await page.locator('[name=gateway]').fill(`https://localhost:${writer.port}`)
    await page.locator('[name=token]').fill('wrong')
    const requested: string[] = []
    page.on('response', response => requested.push(`${response.request().method()} ${response.status()}`))
    await page.locator('button').click()
    await until('the page says so', async () => (await page.locator('#state').innerText()).includes('INVALID_TOKEN'))
    assert.deepEqual(
      requested.filter(each => each.startsWith('GET')),
      ['GET 401']
    )
    await context.close()
  })
})
