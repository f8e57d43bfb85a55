import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { deadLinks } from '../../scripts/dead-links.ts'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { sharedBroker, uniqueTopic } from '../support/gateway.ts'
import { PackedInstallation } from './support/packed.ts'

const run = promisify(execFile)
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
const START_LIMIT_MS = 40_000
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

suite('The package, installed into an empty folder', { timeout: 170_000 }, () => {
  let installation: PackedInstallation
  let env: NodeJS.ProcessEnv
  const children: ChildProcess[] = []

  const program = (argv: readonly string[]) =>
    run(process.execPath, [installation.program, ...argv], { cwd: installation.folder, env })

  const start = (argv: readonly string[]) => {
    const child = spawn(process.execPath, [installation.program, ...argv], { cwd: installation.folder, env })
    children.push(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    const exited = new Promise<number | null>(resolveExit => child.once('close', resolveExit))
    return { child, exited, output: () => output }
  }

  before(async () => {
    installation = await PackedInstallation.make()
    env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAFKA_REST_')))
  })

  after(() => {
    for (const child of children) child.kill('SIGKILL')
    installation.remove()
  })

  test('holds compiled code, no sources and no tests, and says how large it is', async t => {
    const paths = installation.packing.files.map(({ path }) => path)
    for (const path of ['bin/kafka-rest-gateway.js', 'dist/main.js', 'local-kafka/pom.xml', 'LICENSE', 'docs/api.md'])
      assert.ok(paths.includes(path), path)
    const page = ['init.js', 'page.css', 'swagger-ui.css', 'swagger-ui-bundle.js']
    for (const name of [...page, 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE'])
      assert.ok(paths.includes(`dist/api/site/docs/static/${name}`), name)
    assert.deepEqual(
      paths.filter(
        path =>
          (path.endsWith('.ts') && !path.startsWith('examples/')) || path.startsWith('src/') || path.startsWith('test/')
      ),
      []
    )
    const installedBytes = await installation.installedBytes()
    assert.ok(installedBytes < 60e6, megabytes(installedBytes))
    const { size, unpackedSize } = installation.packing
    t.diagnostic(`tarball ${megabytes(size)}, unpacked ${megabytes(unpackedSize)}`)
    t.diagnostic(`installed with its dependencies ${megabytes(installedBytes)}`)
  })

  test('has no page with a link that leads out of it', () => {
    const root = join(installation.folder, 'node_modules', 'kafka-rest-gateway')
    const pages = installation.packing.files.map(({ path }) => path).filter(path => path.endsWith('.md'))
    for (const page of ['README.md', 'SECURITY.md', 'deploy/README.md', 'docs/guarantees.md'])
      assert.ok(pages.includes(page), page)
    assert.deepEqual(deadLinks(root, pages), [])
    assert.match(
      readFileSync(join(root, 'docs', 'guarantees.md'), 'utf8'),
      /\| *a-killed-leader-costs-no-record|killed/
    )
  })

  test('promises no module to import, only the program', async () => {
    const importing = run(process.execPath, ['--input-type=module', '-e', "await import('kafka-rest-gateway')"], {
      cwd: installation.folder
    })
    await assert.rejects(importing, /ERR_PACKAGE_PATH_NOT_EXPORTED/)
  })

  test('explains itself, knows its version and judges a configuration', async () => {
    assert.match((await program(['--help'])).stdout, /^ {2}serve {2,}\S/m)
    assert.equal((await program(['version'])).stdout, `${version}\n`)
    const file = join(installation.folder, 'judged.yaml')
    writeFileSync(file, "listen: { tls: none }\nkafka: { bootstrapServers: ['b:9092'] }\nauth: { mode: none }\n")
    assert.match((await program(['check-config', '--config', file])).stdout, /9400/)
  })

  test('says what to install where traces are configured, which it does not bring along', async () => {
    const file = join(installation.folder, 'traced.yaml')
    writeFileSync(
      file,
      "listen: { tls: none }\nkafka: { bootstrapServers: ['127.0.0.1:1'] }\nauth: { mode: none }\ntraces: { endpoint: 'http://127.0.0.1:1/v1/traces' }\n"
    )
    const { peerDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    const packages = Object.entries<string>(peerDependencies).map(([name, wanted]) => `${name}@${wanted}`)
    await assert.rejects(program(['serve', '--config', file]), ({ stderr, code }) => {
      assert.ok(stderr.includes(`npm install ${packages.join(' ')}`), stderr)
      return code === 1
    })
  })

  test('serves a cluster: a record goes in and comes out; SIGTERM ends it with status 0', async t => {
    const port = await freePort()
    const file = join(installation.folder, 'served.yaml')
    const config = {
      listen: { host: '127.0.0.1', port, tls: 'none' },
      kafka: { bootstrapServers: [sharedBroker()] },
      auth: { mode: 'none' },
      docs: { page: 'on' }
    }
    writeFileSync(file, JSON.stringify(config))
    const startedMs = performance.now()
    const { child, exited, output } = start(['serve', '--config', file])
    const url = `http://127.0.0.1:${port}`
    const isReady = async () => (await fetch(`${url}/health/ready`).catch(() => undefined))?.status === 200
    while (!(await isReady())) {
      assert.ok(performance.now() - startedMs < START_LIMIT_MS && child.exitCode === null, output())
      await sleep(10)
    }
    t.diagnostic(`from start to ready ${Math.round(performance.now() - startedMs)} ms`)

    const topic = uniqueTopic('package')
    assert.equal((await fetch(`${url}/v1/topics/${topic}`, { method: 'PUT' })).status, 200)
    const produced = await fetch(`${url}/v1/producer/topics/${topic}`, {
      method: 'POST',
      body: '{"records":[{"key":"k","value":{"n":1.0}}]}',
      headers: { 'Content-Type': 'application/json' }
    })
    assert.deepEqual(await produced.json(), { offsets: [{ partition: 0, offset: 0 }] })
    const page = await fetch(`${url}/v1/consumer/topics/${topic}/partitions/0/offsets/0`)
    const { records } = (await page.json()) as { records: { key: string; value: string }[] }
    assert.deepEqual(
      records.map(({ key, value }) => [key, value]),
      [['k', '{"n":1.0}']]
    )
    for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
      const { status } = await fetch(`${url}/docs/${name}`)
      assert.equal(status, 200, name)
    }
    child.kill('SIGTERM')
    assert.equal(await exited, 0, output())
  })

  test('starts development mode with a Kafka of its own, and leaves nothing running', async () => {
    const libs = resolve(String(process.env.KAFKA_REST_TEST_LIBS))
    const dataDir = join(installation.folder, 'data')
    mkdirSync(dataDir)
    symlinkSync(libs, join(dataDir, basename(libs)))
    const { child, exited, output } = start([
      'dev',
      '--ephemeral',
      '--data-dir',
      dataDir,
      '--port',
      String(await freePort())
    ])
    for (const end = performance.now() + START_LIMIT_MS; !output().includes('Ctrl-C stops everything');) {
      assert.ok(performance.now() < end && child.exitCode === null, output())
      await sleep(50)
    }
    assert.doesNotMatch(output(), /Maven/)
    child.kill('SIGINT')
    assert.equal(await exited, 0, output())
  })
})
