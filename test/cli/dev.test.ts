import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'

const run = promisify(execFile)
const BIN = fileURLToPath(new URL('../../bin/kafka-rest-gateway.js', import.meta.url))
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))
const START_LIMIT_MS = 60_000
const SAID_LIMIT_MS = 10_000

interface Running {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly output: () => string
}

suite('kafka-rest-gateway dev', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-dev-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** A free port whose neighbour, which the identity provider takes, is free too. */
  const portPair = async (): Promise<number> => {
    for (;;) {
      const port = await freePort()
      if ((await freePort(port + 1)) === port + 1) return port
    }
  }

  const start = (t: TestContext, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Running => {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAFKA_REST_')))
    return watch(t, spawn(process.execPath, [BIN, 'dev', ...argv], { cwd: folder, env: { ...own, ...env } }))
  }

  const watch = (t: TestContext, child: ChildProcessWithoutNullStreams): Running => {
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    const exited = new Promise<number | null>(resolveExit => child.once('close', resolveExit))
    t.after(() => {
      child.kill('SIGKILL')
      return exited
    })
    return { child, exited, output: () => output }
  }

  const untilAnnounced = async ({ child, output }: Running) => {
    for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(50)) {
      if (output().includes('Ctrl-C stops everything')) return
      assert.equal(child.exitCode, null, output())
    }
    assert.fail(output())
  }

  /** Uses the jars that the test run has fetched already. */
  const shareJars = async () => {
    const libs = resolve(await kafkaJars('.local', () => undefined))
    const link = join(folder, '.local', libs.slice(libs.lastIndexOf('/') + 1))
    await run('mkdir', ['-p', join(folder, '.local')])
    if (!existsSync(link)) symlinkSync(libs, link)
  }

  const paste = async (output: string): Promise<string> => {
    const lines = output.split('\n').filter(line => /^(TOKEN=|curl )/.test(line))
    assert.equal(lines.length, 5)
    const { stdout } = await run(
      'bash',
      ['-c', lines.map(line => line.replace(/^curl /, 'curl -sS ')).join('\necho\n')],
      { cwd: folder }
    )
    return stdout
  }

  /** Lists topics with the token of the local provider, which is printed too. */
  const listWithToken = async (output: string): Promise<string> => {
    const lines = output.split('\n')
    const token = lines.find(line => line.startsWith('  TOKEN=$('))
    const list = lines.find(line => line.startsWith('curl ') && line.endsWith('/v1/metadata/topics'))
    return (await run('bash', ['-c', `${token}\n${list?.replace(/^curl /, 'curl -sS ')}`], { cwd: folder })).stdout
  }

  /** In a shell that knows nothing but the line that is printed for them. */
  const runExamples = async (output: string): Promise<string> => {
    const line = output.split('\n').find(each => each.startsWith('export '))
    assert.ok(line !== undefined, output)
    const commands = [line, `bash ${EXAMPLES}/curl/sample.sh`, `${process.execPath} ${EXAMPLES}/node/sample.ts`]
    const env = { PATH: process.env.PATH }
    return (await run('bash', ['-c', commands.join(' && ')], { cwd: folder, env })).stdout
  }

  const brokerPids = async (): Promise<number[]> => {
    const { stdout } = await run('ps', ['-eo', 'pid,args'])
    return stdout
      .split('\n')
      .filter(line => line.includes('java') && line.includes('kafka.Kafka') && line.includes(folder))
      .map(line => Number.parseInt(line, 10))
  }

  const untilSaid = async ({ output }: Running, text: RegExp) => {
    for (const end = Date.now() + SAID_LIMIT_MS; !text.test(output()); await sleep(50))
      assert.ok(Date.now() < end, output())
  }

  const brokersOf = async (): Promise<number> => {
    const { stdout } = await run('ps', ['-eo', 'args'])
    return stdout.split('\n').filter(line => line.includes('kafka.Kafka') && line.includes(folder)).length
  }

  test('every line that it prints works when pasted; data survives a restart; Ctrl-C stops everything', async t => {
    await shareJars()
    const port = await portPair()
    const first = start(t, ['--port', String(port)])
    await untilAnnounced(first)
    const output = await paste(first.output())
    assert.match(output, /\{"topic":"hello"\}/)
    assert.match(output, /"offsets":\[\{"partition":0,"offset":0\}/)
    assert.match(output, /"value":"\{\\"any\\":\[\\"JSON\\",1\.0\]\}"/)
    assert.match(output, /\{"topics":\["hello"\]\}/)
    assert.match(await listWithToken(first.output()), /^\{"topics":\["hello"\]\}$/)
    const ran = await runExamples(first.output())
    assert.match(ran, /^\{"topic":"sample_\d+"\}$/m)
    assert.match(ran, /^consumed \["a string","42","\{\\"city\\":\\"Reykjavík\\"\}"\]$/m)
    first.child.kill('SIGINT')
    assert.equal(await first.exited, 0, first.output())
    assert.equal(await brokersOf(), 0)

    const second = start(t, ['--port', String(port)])
    await untilAnnounced(second)
    const again = await paste(second.output())
    assert.match(again, /TOPIC_EXISTS/)
    assert.match(again, /"offsets":\[\{"partition":0,"offset":2\}/)
    second.child.kill('SIGKILL')
    await second.exited
    for (const end = Date.now() + 10_000; Date.now() < end && (await brokersOf()) > 0;) await sleep(100)
    assert.equal(await brokersOf(), 0, 'a killed parent leaves no broker behind')
  })

  test('--ephemeral leaves no data behind', async t => {
    await shareJars()
    const port = await portPair()
    // Jars and certificates are there already: what is new afterwards would be data.
    symlinkSync(join(folder, '.local'), join(folder, '.other'))
    const ephemeral = start(t, ['--port', String(port), '--ephemeral', '--data-dir', '.other'], { TMPDIR: folder })
    await untilAnnounced(ephemeral)
    assert.match(await paste(ephemeral.output()), /\{"topics":\["hello"\]\}/)
    ephemeral.child.kill('SIGTERM')
    assert.equal(await ephemeral.exited, 0, ephemeral.output())
    const { stdout } = await run('ls', ['-A', folder])
    assert.deepEqual(stdout.trim().split('\n').toSorted(), ['.local', '.other'])
  })

  test('a cluster that is given is used instead of a broker of its own', async t => {
    const port = await portPair()
    const given = start(t, ['--port', String(port)], {
      KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: String(process.env.KAFKA_REST_TEST_BOOTSTRAP)
    })
    await untilAnnounced(given)
    assert.equal(await brokersOf(), 0)
    assert.ok(given.output().includes(`Kafka ${process.env.KAFKA_REST_TEST_BOOTSTRAP} is served at`))
    given.child.kill('SIGINT')
    assert.equal(await given.exited, 0)
    assert.match(given.output(), /^Stopping the gateway and the identity provider$/m)
  })

  test('the port of the environment is taken, and variables that are not used are named', async t => {
    const port = await portPair()
    const given = start(t, [], {
      KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: String(process.env.KAFKA_REST_TEST_BOOTSTRAP),
      KAFKA_REST_LISTEN_PORT: String(port),
      KAFKA_REST_LISTEN_HOST: '0.0.0.0',
      KAFKA_REST_AUTH_MODE: 'none',
      KAFKA_REST_LIMITS_CONNECTIONS: '1000',
      KAFKA_REST_WORKERS: '2'
    })
    await untilAnnounced(given)
    assert.match(
      given.output(),
      /^Not used in development mode: KAFKA_REST_LISTEN_HOST, KAFKA_REST_AUTH_MODE, KAFKA_REST_WORKERS$/m
    )
    const page = await run('curl', ['-sS', '-i', '--cacert', '.local/certs/ca.pem', `https://localhost:${port}/`], {
      cwd: folder
    })
    assert.match(page.stdout, /^HTTP\/1\.1 200 OK\r\n[^]*Content-Type: text\/html[^]*<a href="docs">/)
    const refused = start(t, [], { KAFKA_REST_LISTEN_PORT: 'https' })
    assert.equal(await refused.exited, 1)
    assert.equal(
      refused.output(),
      "kafka-rest-gateway: KAFKA_REST_LISTEN_PORT must be a number from 1 to 65534, not 'https'.\n"
    )
  })

  suite('side by side', { concurrency: true }, () => {
    test('a given cluster that cannot be reached is not said to be served', async t => {
      const given = start(t, ['--port', String(await portPair())], {
        KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1'
      })
      await untilAnnounced(given)
      assert.match(
        given.output(),
        /^Kafka 127\.0\.0\.1:1 has not answered yet\. https:\S+ serves it as soon as it does/m
      )
    })

    test('a second start on its data is refused and leaves its files alone; the end of its Kafka is said', async t => {
      await shareJars()
      // On the data of the one that was killed above.
      const first = start(t, ['--port', String(await portPair())])
      await untilAnnounced(first)
      const node = join(folder, '.local', 'kafka', 'node-1')
      const properties = readFileSync(join(node, 'server.properties'), 'utf8')
      assert.match(properties, /^broker\.session\.timeout\.ms=3000$/m, 'a killed one is not waited for longer')
      const files = readdirSync(node)
      const log = readFileSync(join(node, 'broker.log'), 'utf8')
      const second = start(t, ['--port', String(await portPair())])
      assert.equal(await second.exited, 1)
      assert.match(
        second.output(),
        /Another Kafka uses .*\/node-1\. Stop it, or choose another folder with --data-dir\.\n$/
      )
      assert.equal(readFileSync(join(node, 'server.properties'), 'utf8'), properties)
      assert.deepEqual(readdirSync(node), files)
      assert.ok(readFileSync(join(node, 'broker.log'), 'utf8').startsWith(log), 'the log goes on')
      const [pid] = await brokerPids()
      process.kill(pid, 'SIGKILL')
      await untilSaid(
        first,
        /^Kafka has ended by itself; \S+\/node-1\/broker\.log says why\. Stop with Ctrl-C and start again\.$/m
      )
      first.child.kill('SIGINT')
      assert.equal(await first.exited, 0)
    })
  })

  test('it starts on a machine without IPv6', async t => {
    const noIpv6 = 'ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6'
    const namespace = ['--user', '--map-root-user', '--net', 'sh', '-c']
    const granted = await run('unshare', [...namespace, noIpv6]).catch(() => undefined)
    if (granted === undefined) return t.skip('this machine grants no network namespace')
    await shareJars()
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAFKA_REST_')))
    const argv = [...namespace, `${noIpv6} && exec "$@"`, 'sh', process.execPath, BIN, 'dev', '--ephemeral']
    const alone = watch(t, spawn('unshare', argv, { cwd: folder, env }))
    await untilAnnounced(alone)
    assert.match(alone.output(), / is served at https:\/\/localhost:9400\./)
    alone.child.kill('SIGTERM')
    assert.equal(await alone.exited, 0, alone.output())
  })

  test('a busy port, and a machine without Java: one line that says what to do, and status 1', async t => {
    const busy = createServer()
    await new Promise<void>(listening => busy.listen({ host: '127.0.0.1', port: 0 }, listening))
    const address = busy.address()
    assert.ok(typeof address === 'object' && address !== null)
    const refused = start(t, ['--port', String(address.port)])
    assert.equal(await refused.exited, 1)
    assert.equal(
      refused.output(),
      `kafka-rest-gateway: Port ${address.port} is busy. Stop what listens there, or choose another one with --port.\n`
    )
    busy.close()

    const bare = start(t, ['--port', String(await portPair())], { PATH: folder })
    assert.equal(await bare.exited, 1)
    assert.match(
      bare.output(),
      /^kafka-rest-gateway: No Java was found\. Install a JDK 17 or later, or give KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS .*\n$/
    )
  })
})
