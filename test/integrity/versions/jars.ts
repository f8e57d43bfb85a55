import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const POM = fileURLToPath(new URL('../../../local-kafka/pom.xml', import.meta.url))

/** The folder with the jars of one version of Kafka, fetched by Maven the first time. */
export async function jarsOf(version: string): Promise<string> {
  const libs = resolve('.local', `kafka-${version}-jars`)
  const stamp = join(libs, 'complete')
  if (existsSync(stamp)) return libs
  mkdirSync(libs, { recursive: true })
  const options = [`-Dkafka.version=${version}`, `-DoutputDirectory=${libs}`, '-DincludeScope=runtime']
  await run('mvn', ['-q', '-B', '-f', POM, ...options, 'dependency:copy-dependencies'])
  writeFileSync(stamp, version)
  return libs
}
