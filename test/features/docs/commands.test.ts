import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { appWithGroups, RESOURCE, TENANT_ID } from '../../../src/dev/identity/directory.ts'
import { TestGateway } from '../../support/gateway.ts'

const run = promisify(execFile)
const PROGRAM = fileURLToPath(new URL('../../../bin/kafka-rest-gateway.js', import.meta.url))
const LIMIT_MS = 20_000

/** The blocks of a page that are in this language. */
function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]+?)^\`\`\``, 'gm'))].map(([, block]) => block)
}

suite('What the documentation tells to type', { timeout: 90_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-docs-'))
  let gateway: TestGateway
  let env: NodeJS.ProcessEnv

  before(async () => {
    gateway = await TestGateway.start({ settings: { management: { port: 0 } } })
    const { caFile } = gateway.services.certificates
    env = {
      PATH: process.env.PATH,
      TOKEN: await gateway.token(appWithGroups),
      URL: `https://localhost:${gateway.port}`,
      CA: caFile,
      NODE_EXTRA_CA_CERTS: caFile
    }
  })
  after(async () => {
    await gateway.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const output = async (program: string, ...argv: string[]): Promise<string[]> => {
    const { stdout } = await run(program, argv, { env, timeout: LIMIT_MS, cwd: folder })
    return stdout.trim().split('\n')
  }
  /** Runs lines that do not end by themselves until they have printed so many. `meanwhile` is called again and again. */
  const beginning = async (block: string, lines: number, meanwhile = async () => undefined): Promise<string[]> => {
    const child = spawn('bash', ['-euc', block], {
      env,
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore']
    })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    const ended = once(child, 'exit')
    for (
      const end = Date.now() + LIMIT_MS;
      text.split('\n').length <= lines && child.exitCode === null;
      await sleep(20)
    ) {
      assert.ok(Date.now() < end, text)
      await meanwhile()
    }
    if (child.exitCode === null) process.kill(-Number(child.pid), 'SIGKILL')
    await ended
    return text.split('\n').slice(0, lines)
  }
  const script = (name: string, text: string): string => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }
  const listed = async (): Promise<string[]> => (await gateway.get('/v1/metadata/topics')).json.topics

  test('docs/api-v2.md: the shell lines make the calls of v2, and leave nothing', async () => {
    const [block] = blocksOf('docs/api-v2.md', 'sh')
    const lines = await output('bash', '-euc', block)
    const [created, produced, toPartition, read, bounds, topic, topics, brokers, deleted] = lines.map(line =>
      JSON.parse(line)
    )
    assert.equal(lines.length, 9)
    assert.deepEqual([created, deleted], [{}, { topic: 'from-shell-v2' }])
    const offsets = [...produced.offsets, ...toPartition.offsets].map(({ offset }: { offset: number }) => offset)
    assert.deepEqual(offsets, [0, 1, 2])
    const values = read.map(({ value }: { value: string | null }) => value && Buffer.from(value, 'base64').toString())
    assert.deepEqual(values, ['{"n":1.0}', null, 'text'])
    assert.deepEqual(bounds, { beginning_offset: 0, end_offset: 3 })
    assert.deepEqual(
      [topic.name, topic.partitions.length, topics.includes('from-shell-v2')],
      ['from-shell-v2', 1, true]
    )
    assert.equal(brokers.brokers.length, 1)
    assert.ok(!(await listed()).includes('from-shell-v2'))
  })

  test('docs/consumers.md: the shell lines make an instance, read, commit, seek, and leave nothing', async () => {
    const [block] = blocksOf('docs/consumers.md', 'sh')
    const lines = await output('bash', '-euc', block)
    const answers = lines.map((line): unknown => (line === '' ? null : JSON.parse(line)))
    const [created, produced, made, subscribed, page, committed, stored, sought, again, ended, deleted] = answers
    assert.equal(answers.length, 11)
    assert.deepEqual(
      [created, (produced as { offsets: unknown[] }).offsets.length, deleted],
      [{}, 2, { topic: 'from-shell-read' }]
    )
    assert.deepEqual(made, {
      instance_id: 'reader',
      base_uri: `https://localhost:${gateway.port}/consumers/from-shell/instances/reader`
    })
    assert.deepEqual([subscribed, committed, sought, ended], [null, [], null, null])
    const first = { topic: 'from-shell-read', partition: 0 }
    assert.deepEqual(page, [
      { ...first, key: 'k', value: { n: 1.1 }, offset: 0 },
      { ...first, key: null, value: [2], offset: 1 }
    ])
    assert.deepEqual(stored, { offsets: [{ ...first, offset: 2, metadata: '' }] })
    assert.deepEqual(
      (again as { offset: number; timestamp: number }[]).map(({ offset, timestamp }) => [offset, timestamp > 0]),
      [[1, true]]
    )
    assert.ok(!(await listed()).includes('from-shell-read'))
  })

  test('docs/api.md: the shell lines make every call there is, and leave nothing', async () => {
    const [block] = blocksOf('docs/api.md', 'sh')
    const lines = await output('bash', '-euc', block)
    const answers = lines.map(line => JSON.parse(line))
    const [created, produced, read, partitions, partition, topics, brokers, deleted] = answers
    assert.equal(answers.length, 8)
    assert.deepEqual([created, deleted], [{ topic: 'from-shell' }, { topic: 'from-shell' }])
    assert.deepEqual(
      produced.offsets,
      [0, 1].map(offset => ({ partition: 0, offset }))
    )
    assert.deepEqual(
      read.records.map(({ key, value }: { key: string | null; value: string }) => [key, value]),
      [
        ['k', '{"n":1.0}'],
        [null, 'text']
      ]
    )
    assert.deepEqual([partition.earliest_offset, partition.latest_offset], [0, 2])
    assert.deepEqual(partitions, { topic: 'from-shell', partitions: [partition] })
    assert.ok(topics.topics.includes('from-shell'))
    assert.ok(brokers.brokers.length > 0)
    assert.ok(!(await listed()).includes('from-shell'))
  })

  test('docs/api.md: the lines about shipments send lines and a value, wait, search and follow', async () => {
    const [, sendLines, sendValue, wait, search, follow] = blocksOf('docs/api.md', 'sh')
    Object.assign(env, { CURL_CA_BUNDLE: env.CA })
    await gateway.createTopic('shipments', { partition_count: 1 })
    const [sent, mistyped] = (await output('bash', '-euc', sendLines)).map(line => JSON.parse(line))
    assert.deepEqual([sent, mistyped.line, mistyped.code], [{ partition: 0, offset: 0 }, 2, 'INVALID_BODY'])
    const [stored] = await output('bash', '-euc', sendValue)
    assert.deepEqual(JSON.parse(stored), { offsets: [{ partition: 0, offset: 1 }] })
    const [found] = await output('bash', '-euc', search)
    assert.deepEqual(
      JSON.parse(found).records.map(({ key, value }: { key: string; value: string }) => [key, value]),
      [['parcel-1', 'packed']]
    )
    const followed = await beginning(follow, 3)
    assert.deepEqual(
      followed.slice(1).map(line => JSON.parse(line).value),
      ['packed', 'packed']
    )
    // Whoever waits at the end may begin to wait behind a record that was just written.
    const [page] = await beginning(`${wait.trimEnd()}; echo`, 1, async () => {
      await gateway.produce('shipments', [{ value: 'delivered' }])
    })
    assert.deepEqual(
      new Set(JSON.parse(page).records.map(({ value }: { value: string }) => value)),
      new Set(['delivered'])
    )
    await gateway.request('DELETE', '/v1/topics/shipments')
  })

  test('docs/api.md: the Python program is told of a topic that exists, and reads what it wrote to the end', async () => {
    const [program] = blocksOf('docs/api.md', 'python')
    const [conflict, offsets, ...read] = await output('python3', script('guide.py', program))
    assert.equal(conflict, '409 TOPIC_EXISTS')
    assert.equal(
      offsets,
      "{'offsets': [{'partition': 0, 'offset': 0}, {'partition': 0, 'offset': 1}, {'partition': 0, 'offset': 2}]}"
    )
    assert.deepEqual(read, ['0 k {"n": 1.5}', '1 None text', '2 k None'])
    assert.ok(!(await listed()).includes('from-python'))
  })

  test('docs/api.md: the Node program is told of a topic that exists, and reads what it wrote to the end', async () => {
    const [program] = blocksOf('docs/api.md', 'js')
    const [conflict, offsets, ...read] = await output(process.execPath, script('guide.mjs', program))
    assert.match(conflict, /^TOPIC_EXISTS: /)
    assert.deepEqual(
      JSON.parse(offsets).offsets,
      [0, 1, 2].map(offset => ({ partition: 0, offset }))
    )
    assert.deepEqual(read, ['0 k {"n":1.5}', '1 null text', '2 k null'])
    assert.ok(!(await listed()).includes('from-node'))
  })

  test('README.md: the lines under "Use it" create, write, read and list', async () => {
    await gateway.request('DELETE', '/v1/topics/hello')
    const [, block] = blocksOf('README.md', 'sh')
    assert.ok(block.includes('URL=https://localhost:9400') && block.includes('=.local/certs/ca.pem'))
    const here = block
      .replace('https://localhost:9400', String(env.URL))
      .replace('.local/certs/ca.pem', gateway.services.certificates.caFile)
    const lines = await output(
      'bash',
      '-euc',
      here.replaceAll(/^curl .*$/gm, line => `${line.replace('curl', 'curl -sS')}\necho`)
    )
    const [created, produced, read, topics] = lines.map(line => JSON.parse(line))
    assert.deepEqual(created, { topic: 'hello' })
    assert.deepEqual(produced, { offsets: [{ partition: 0, offset: 0 }] })
    assert.equal(read.records[0].value, '{"any":["JSON",1.0]}')
    assert.ok(topics.topics.includes('hello'))
    const [, , watch] = blocksOf('README.md', 'sh')
    const [, record] = await beginning(here.split('\n', 1)[0] + `\n${watch}`, 2)
    assert.equal(JSON.parse(record).value, '{"any":["JSON",1.0]}')
    await gateway.request('DELETE', '/v1/topics/hello')
  })

  test('docs/operations.md: readiness is asked and the log level set', async () => {
    const block = blocksOf('docs/operations.md', 'sh').find(text => text.includes('/log-level')) ?? ''
    const here = block.replaceAll('localhost:9402', `127.0.0.1:${gateway.server.managementPort}`)
    assert.notEqual(here, block)
    const lines = await output('bash', '-euc', here.replaceAll('\n', '\necho\n'))
    assert.deepEqual(
      lines.map(line => JSON.parse(line)),
      [{ status: 'ok', not_ready: [] }, { level: 'debug' }]
    )
    assert.ok(gateway.logged.some(({ message }) => message === 'setLogLevel'))
  })

  test("docs/security.md: a calling program's token is got with its id, its secret and the scope of the resource", async () => {
    const { identity, certificates } = gateway.services
    const [block] = blocksOf('docs/security.md', 'sh')
    const here = block.replace('https://login.microsoftonline.com', identity.url)
    assert.notEqual(here, block)
    Object.assign(env, {
      CURL_CA_BUNDLE: certificates.caFile,
      TENANT: TENANT_ID,
      CLIENT_ID: appWithGroups.clientId,
      CLIENT_SECRET: appWithGroups.clientSecret,
      APP_ID_URI: RESOURCE
    })
    const [answer] = await output('bash', '-euc', here)
    const { access_token: token } = JSON.parse(answer)
    assert.equal((await gateway.request('GET', '/v1/metadata/topics', { token })).status, 200)
  })

  test('README.md and docs/getting-started.md: the configuration shown is accepted by the command shown', async () => {
    const [yaml] = blocksOf('README.md', 'yaml')
    const { certFile, keyFile } = gateway.services.certificates
    const here = yaml
      .replace('server.pem', certFile)
      .replace('server-key.pem', keyFile)
      .replace('/run/secrets/graph', script('graph', 'a secret\n'))
    script('gateway.yaml', here)
    for (const page of ['README.md', 'docs/getting-started.md']) {
      const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8')
      const [command] = /kafka-rest-gateway check-config --config gateway\.yaml/.exec(text) ?? []
      assert.ok(command, page)
      const lines = await output(process.execPath, PROGRAM, ...command.split(' ').slice(1))
      assert.ok(
        lines.some(line => /listen\.port\s.*9400/.test(line)),
        lines.join('\n')
      )
      assert.doesNotMatch(lines.join('\n'), /a secret/)
    }
  })

  test('docs/security.md: the command that explains names the rule and its line', async () => {
    const file = script(
      'rules.yaml',
      blocksOf('docs/security.md', 'yaml').find(block => block.includes('rules:') && block.includes('33333333')) ?? ''
    )
    Object.assign(env, { KAFKA_REST_LISTEN_TLS: 'none', KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: 'broker:9092' })
    const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8')
    const [, command] = /`kafka-rest-gateway (check-config [^`]+--explain [^`]+)`/.exec(page) ?? []
    const filled: Record<string, string> = {
      FILE: file,
      PRINCIPAL: 'somebody',
      TOPIC: 'orders.eu',
      GROUP: '33333333-3333-4333-8333-333333333333',
      ROLE: 'Other'
    }
    const lines = await output(process.execPath, PROGRAM, ...command.split(' ').map(word => filled[word] ?? word))
    assert.match(lines.join('\n'), /write.*rules\[0\]/)
  })
})
