import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DevError } from '../../../src/dev/dev-error.ts'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { runJava } from '../../../src/dev/kafka/jvm.ts'
import { LocalCluster, type LocalClusterOptions } from '../../../src/dev/kafka/local-cluster.ts'

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const until = async (condition: () => boolean): Promise<void> => {
  for (const end = Date.now() + 10_000; !condition(); await sleep(50)) assert.ok(Date.now() < end, 'it came to pass')
}

const isStopped = (pid: number): boolean => /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

suite('A local cluster', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-broker-'))
  let libs: string
  before(async () => {
    libs = await kafkaJars('.local', () => undefined)
  })
  after(() => rmSync(dataDir, { recursive: true, force: true }))

  const start = async (t: TestContext, more: Partial<LocalClusterOptions> = {}): Promise<LocalCluster> => {
    const cluster = await LocalCluster.start({ libs, dataDir, brokers: 1, heapMb: 256, ...more })
    t.after(() => cluster.stop())
    return cluster
  }
  const topics = async ({ bootstrapServers }: LocalCluster, ...command: string[]): Promise<string[]> => {
    const given = ['--bootstrap-server', bootstrapServers[0], ...command]
    return (await runJava(libs, 'org.apache.kafka.tools.TopicCommand', given)).trim().split('\n')
  }

  test('keeps its topics over a restart, and is unharmed by a second one started on its folder', async t => {
    const first = await start(t)
    await assert.rejects(
      start(t),
      error =>
        error instanceof DevError && /^Another Kafka uses .*Stop it, or choose another folder/.test(error.message)
    )
    assert.ok((await topics(first, '--create', '--topic', 'kept')).includes('Created topic kept.'))
    const pid = Number(first.brokers[0].pid)
    await first.stop()
    assert.equal(isAlive(pid), false)
    const log = readFileSync(join(dataDir, 'node-1', 'broker.log'), 'utf8').trimEnd()
    assert.doesNotMatch(log.slice(-200), /Killed/, 'it stopped in order')

    const second = await start(t)
    assert.ok((await topics(second, '--list')).includes('kept'))
  })

  test('listens on loopback only, on another port if somebody else is faster; holds its connections when frozen, and lets go when thawed', async t => {
    const wanted = await freePort()
    const faster = createServer()
    t.after(() => faster.close())
    // Called when the ports have been probed, and before any broker is started.
    const special = () => {
      if (!faster.listening) faster.listen(wanted, '127.0.0.1')
      return {}
    }
    const cluster = await start(t, { port: wanted, special })
    assert.ok(faster.listening)
    const broker = cluster.brokers[0]
    const [host, port] = broker.address.split(':')
    assert.equal(host, '127.0.0.1')
    assert.notEqual(Number(port), wanted)
    broker.freeze()
    await until(() => isStopped(Number(broker.pid)))
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ host, port: Number(port) }, () => resolve(void socket.destroy())).on('error', reject)
    })
    broker.thaw()
    await until(() => !isStopped(Number(broker.pid)))
    await cluster.stop()
  })

  test('that does not start says why', async t => {
    const other = createServer()
    t.after(() => other.close())
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const listeners = { SECOND: { protocol: 'PLAINTEXT', host: '127.0.0.1', port } } as const
    await assert.rejects(
      LocalCluster.start({ libs, dataDir, brokers: 1, heapMb: 256, listeners }),
      error => error instanceof DevError && /did not start and ended: .*Address already in use/.test(error.message)
    )
  })

  test('holds no file of the broker open after it was started and stopped', async t => {
    const logs = () =>
      readdirSync('/proc/self/fd').filter(fd => {
        try {
          return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').includes('flags:\t0102001')
        } catch {
          return false
        }
      }).length
    const open = logs()
    await start(t)
    assert.equal(logs(), open)
  })

  test('does not outlive a process that is killed, even when it is frozen', async () => {
    const script = `
      const { LocalCluster } = await import(${JSON.stringify(new URL('../../../src/dev/kafka/local-cluster.ts', import.meta.url).href)})
      const { brokers: [broker] } = await LocalCluster.start(${JSON.stringify({ libs, dataDir, brokers: 1, heapMb: 256 })})
      broker.freeze()
      console.log(broker.pid)
      setInterval(() => undefined, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const complaints = text(parent.stderr)
    const printed = await Promise.race([once(parent.stdout, 'data'), complaints])
    const pid = Number(printed)
    assert.ok(isAlive(pid), `a broker was started: ${String(printed)}`)
    parent.kill('SIGKILL')
    await until(() => !isAlive(pid))
  })
})
