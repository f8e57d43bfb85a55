import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import type { Browser, Page, Response } from 'playwright-core'
import { browserPath, launchBrowser, skipWithoutBrowser } from '../../support/browser.ts'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

const run = promisify(execFile)
const LIMIT_MS = 15_000

const isWanted = process.env.KAFKA_REST_TEST_BROWSER === 'required'

test(
  'there is a browser where one is required',
  { skip: !isWanted && 'KAFKA_REST_TEST_BROWSER is not required' },
  () => {
    assert.notEqual(browserPath, undefined, 'KAFKA_REST_TEST_BROWSER=required, but no chromium is on PATH')
  }
)

suite('The page at /docs, in a browser', { skip: skipWithoutBrowser, timeout: 90_000 }, () => {
  let gateway: TestGateway
  let browser: Browser
  let page: Page
  let origin: string
  const requested: string[] = []
  const complaints: string[] = []

  before(async () => {
    gateway = await TestGateway.start()
    origin = `https://localhost:${gateway.port}`
    browser = await launchBrowser()
    // The certificates of the local authority are not in the browser's store.
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    page = await context.newPage()
    page.setDefaultTimeout(LIMIT_MS)
    page.on('request', request => requested.push(request.url()))
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', error => complaints.push(error.message))
    await page.exposeFunction('forbidden', (what: string) => void complaints.push(what))
    await page.addInitScript(
      "addEventListener('securitypolicyviolation', e => forbidden(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}`))"
    )
    await page.goto(`${origin}/docs`)
  })
  after(async () => {
    await browser.close()
    await gateway.close()
  })

  const operation = (id: string) => page.locator(`.opblock[id$="-${id}"]`)

  /** Opens an operation, fills it in, sends it, and returns what the gateway answered. */
  const tryOut = async (id: string, fill: () => Promise<void> = async () => undefined): Promise<Response> => {
    await operation(id).locator('.opblock-summary-control').click()
    await operation(id).locator('.try-out__btn').click()
    await fill()
    const [response] = await Promise.all([
      page.waitForResponse(answer => answer.url().startsWith(`${origin}/v1/`)),
      operation(id).locator('.execute').click()
    ])
    return response
  }
  const shown = (id: string) =>
    operation(id).locator('.live-responses-table tr.response .response-col_description code').first()

  test('shows every operation of the description', async () => {
    await page.locator('.opblock').first().waitFor()
    const { json } = await gateway.get('/openapi.json')
    const described = Object.values<object>(json.paths).reduce((sum, item) => sum + Object.keys(item).length, 0)
    assert.equal(await page.locator('.opblock').count(), described)
  })

  test('takes a token, got as it says, and keeps it nowhere else', async () => {
    const hint = await page.locator('.hint code').innerText()
    const token = (await run('bash', ['-c', hint], { timeout: LIMIT_MS })).stdout.trim()
    await page.locator('.auth-wrapper .authorize').click()
    assert.equal(await page.locator('.auth-container').count(), 2)
    await page.locator('.auth-container input').first().fill(token)
    await page.locator('.auth-container button[type=submit]').first().click()
    await page.locator('.btn-done').first().click()
    assert.equal(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length'), 0)
    assert.equal(await page.locator('.auth-wrapper .authorize.locked').count(), 1)
  })

  test('lists the topics, and shows the answer', async () => {
    const topic = uniqueTopic('docs-page')
    await gateway.createTopic(topic, { partition_count: 1 })
    const response = await tryOut('listTopics')
    assert.deepEqual([response.request().method(), new URL(response.url()).pathname], ['GET', '/v1/metadata/topics'])
    const { topics } = await response.json()
    assert.ok(topics.includes(topic))
    assert.match(await shown('listTopics').innerText(), new RegExp(`"${topic}"`))
  })

  test('produces records that are then in Kafka as they were typed', async () => {
    const topic = uniqueTopic('docs-page')
    await gateway.createTopic(topic, { partition_count: 1 })
    const body = '{"records":[{"key":"k","value":{"n":9007199254740993,"f":1.0}},{"key":"gone","value":null}]}'
    const response = await tryOut('produce', async () => {
      await operation('produce').locator('tr[data-param-name=topic] input').fill(topic)
      await operation('produce').locator('textarea.body-param__text').fill(body)
    })
    const offsets = [0, 1].map(offset => ({ partition: 0, offset }))
    assert.deepEqual([response.status(), await response.json()], [200, { offsets }])
    assert.deepEqual(JSON.parse(await shown('produce').innerText()), { offsets })
    const { json } = await gateway.read(topic, 0, 0)
    assert.deepEqual(
      json.records.map(({ key, value }: { key: string; value: string }) => [key, value]),
      [
        ['k', '{"n":9007199254740993,"f":1.0}'],
        ['gone', null]
      ]
    )
  })

  test('asked nobody but the gateway, and did nothing that the policy forbids', () => {
    assert.ok(requested.length > 5, `${requested.length} requests`)
    const elsewhere = requested.filter(url => !url.startsWith('data:') && new URL(url).origin !== origin)
    assert.deepEqual(elsewhere, [])
    assert.deepEqual(complaints, [])
  })

  test('has forgotten the token once it is loaded again', async () => {
    await page.reload()
    const response = await tryOut('listTopics')
    assert.equal(response.status(), 401)
  })
})
