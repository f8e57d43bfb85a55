import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

async function tool(libs: string, name: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(
    'java',
    ['-Xmx512m', '-cp', join(libs, '*'), `org.apache.kafka.tools.${name}`, ...args],
    { maxBuffer: 1 << 24 }
  )
  return stdout
}

/** Records a second of Kafka's own ProducerPerformance, with acks=all. */
export async function producerPerformance(
  libs: string,
  bootstrap: string,
  topic: string,
  records: number,
  properties: readonly string[]
): Promise<number> {
  const load = ['--topic', topic, '--num-records', String(records), '--record-size', '100', '--throughput', '-1']
  const output = await tool(libs, 'ProducerPerformance', [
    ...load,
    '--producer-props',
    `bootstrap.servers=${bootstrap}`,
    'acks=all',
    ...properties
  ])
  const rates = [...output.matchAll(/([\d.]+) records\/sec/g)]
  return Number(rates.at(-1)?.[1])
}

/** Records a second of Kafka's own ConsumerPerformance, the time to join its group left out. */
export async function consumerPerformance(
  libs: string,
  bootstrap: string,
  topic: string,
  records: number
): Promise<number> {
  const output = await tool(libs, 'ConsumerPerformance', [
    '--bootstrap-server',
    bootstrap,
    '--topic',
    topic,
    '--num-records',
    String(records)
  ])
  const [header, values] = output
    .trim()
    .split('\n')
    .filter(line => line.includes(','))
    .slice(-2)
    .map(line => line.split(',').map(cell => cell.trim()))
  return Number(values[header.indexOf('fetch.nMsg.sec')])
}
