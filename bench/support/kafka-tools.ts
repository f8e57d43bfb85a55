import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface ToolResult {
  readonly recordsPerSecond: number
  readonly megabytesPerSecond: number
  /** Processor time of the whole JVM, its start included, by record. */
  readonly cpuUsPerRecord: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}

/** Runs one of Kafka's own tools; its processor time as the shell that waited for it counts it. */
async function tool(libs: string, name: string, args: readonly string[]): Promise<{ output: string; cpuUs: number }> {
  const java = ['java', '-Xmx512m', '-cp', join(libs, '*'), '-Dlog4j2.level=OFF', `org.apache.kafka.tools.${name}`]
  const { stdout } = await run('sh', ['-c', '"$@"; times', 'sh', ...java, ...args], { maxBuffer: 1 << 26 })
  const lines = stdout.trimEnd().split('\n')
  const [, children = ''] = lines.splice(-2)
  const cpuUs = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60e6 + Number(seconds) * 1e6,
    0
  )
  return { output: lines.join('\n'), cpuUs }
}

export interface ProducerRun {
  readonly topic: string
  readonly records: number
  readonly recordBytes: number
  /** Values to choose from, a line each, instead of random ones. */
  readonly payloadFile?: string
  /** −1: as fast as it goes. */
  readonly ratePerSecond: number
  readonly properties: readonly string[]
}

/** ProducerPerformance with acks=all. */
export async function producerPerformance(libs: string, bootstrap: string, work: ProducerRun): Promise<ToolResult> {
  const { topic, records, recordBytes, payloadFile, ratePerSecond, properties } = work
  const payload = payloadFile === undefined ? ['--record-size', recordBytes] : ['--payload-file', payloadFile]
  const load = ['--topic', topic, '--num-records', records, ...payload, '--throughput', ratePerSecond]
  const settings = ['--producer-props', `bootstrap.servers=${bootstrap}`, 'acks=all', ...properties]
  const { output, cpuUs } = await tool(libs, 'ProducerPerformance', [...load.map(String), ...settings])
  const summary = output.trim().split('\n').at(-1) ?? ''
  const number = (pattern: RegExp) => Number(pattern.exec(summary)?.[1])
  return {
    recordsPerSecond: number(/([\d.]+) records\/sec/),
    megabytesPerSecond: number(/\(([\d.]+) MB\/sec\)/),
    cpuUsPerRecord: cpuUs / records,
    p50Ms: number(/([\d.]+) ms 50th/),
    p99Ms: number(/([\d.]+) ms 99th/),
    p999Ms: number(/([\d.]+) ms 99.9th/)
  }
}

/** ConsumerPerformance; the time to join its group is left out of the rates. */
export async function consumerPerformance(
  libs: string,
  bootstrap: string,
  topic: string,
  records: number
): Promise<ToolResult> {
  const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', String(records)]
  const { output, cpuUs } = await tool(libs, 'ConsumerPerformance', args)
  const [header, values] = output
    .trim()
    .split('\n')
    .filter(line => line.includes(','))
    .slice(-2)
    .map(line => line.split(',').map(cell => cell.trim()))
  const value = (name: string) => Number(values[header.indexOf(name)])
  return {
    recordsPerSecond: value('fetch.nMsg.sec'),
    megabytesPerSecond: value('fetch.MB.sec'),
    cpuUsPerRecord: cpuUs / records,
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    p999Ms: Number.NaN
  }
}

/** Seeks and short reads a second of one native consumer. */
export async function nativeSeek(
  libs: string,
  bootstrap: string,
  work: { topic: string; partitions: number; end: number; count: number; seconds: number }
): Promise<number> {
  const { topic, partitions, end, count, seconds } = work
  const program = new URL('./NativeSeek.java', import.meta.url).pathname
  const args = [bootstrap, topic, partitions, end, count, Math.ceil(seconds)].map(String)
  const { stdout } = await run('java', ['-Xmx256m', '-cp', join(libs, '*'), '-Dlog4j2.level=OFF', program, ...args])
  return Number(stdout.trim().split('\n').at(-1))
}

/** When records came after they were due, in milliseconds. */
export interface TailTimes {
  readonly p50Ms: number
  readonly p99Ms: number
}

/** A native consumer that reads from the end on while `work` runs. */
export async function nativeTail(
  libs: string,
  bootstrap: string,
  { topic, partitions }: { topic: string; partitions: number },
  work: () => Promise<unknown>
): Promise<TailTimes> {
  const program = new URL('./NativeTail.java', import.meta.url).pathname
  const java = ['-Xmx256m', '-cp', join(libs, '*'), '-Dlog4j2.level=OFF', program, bootstrap, topic, String(partitions)]
  const child = spawn('java', java, { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    const ended = once(child.stdout, 'end')
    await Promise.race([once(child.stdout, 'data'), ended])
    await work()
    child.stdin.write('over')
    await ended
    const [p50Ms, p99Ms] = text.trim().split('\n')[1].split(' ').map(Number)
    return { p50Ms, p99Ms }
  } finally {
    child.kill()
  }
}
