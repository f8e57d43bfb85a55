import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { javaClasses } from './java-classes.ts'

/** Puts questions to a Java program over Kafka's own classes, a line each, all in one run; the answers come in their order. */
export async function javaOracle(source: URL, questions: readonly string[]): Promise<string[]> {
  const file = fileURLToPath(source)
  const program = basename(file, '.java')
  const libs = await kafkaJars('.local', () => undefined)
  const classPath = `${await javaClasses(libs, file)}:${join(libs, '*')}`
  const child = spawn('java', ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', classPath, program])
  const closed = once(child, 'close')
  child.stdin.end(questions.map(question => `${question}\n`).join(''))
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [status] = await closed
  if (status !== 0) throw new Error(`${program} ended with ${String(status)}: ${errors}`)
  return out.trimEnd().split('\n')
}
