import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { javaClasses } from '../../support/java-classes.ts'

const SOURCE = fileURLToPath(new URL('GroupOracle.java', import.meta.url))

/** Puts questions to Apache's own client, all in one run; the answers come in their order. See GroupOracle.java. */
export async function oracle(questions: readonly string[]): Promise<string[]> {
  const libs = await kafkaJars('.local', () => undefined)
  const classes = await javaClasses(libs, SOURCE)
  const classPath = `${classes}:${join(libs, '*')}`
  const child = spawn('java', ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', classPath, 'GroupOracle'])
  const closed = once(child, 'close')
  child.stdin.end(questions.map(question => `${question}\n`).join(''))
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [status] = await closed
  if (status !== 0) throw new Error(`GroupOracle ended with ${String(status)}: ${errors}`)
  return out.trimEnd().split('\n')
}
