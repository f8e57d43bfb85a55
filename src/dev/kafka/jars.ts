import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DevError } from '../dev-error.ts'

const run = promisify(execFile)
const POM = fileURLToPath(new URL('../../../local-kafka/pom.xml', import.meta.url))
const OLDEST_JAVA = 17
/** How much of Maven's output is kept for the error. */
const TAIL_CHARACTERS = 4000

/** The version of Kafka in the POM. */
export const kafkaVersion = /<kafka\.version>([^<]+)</.exec(readFileSync(POM, 'utf8'))?.[1] ?? ''

/**
 * Returns the folder of Kafka's jars. Maven fetches them the first time; later starts need no network. Throws a DevError if
 * there is no JVM, or no Maven when it is needed.
 */
export async function kafkaJars(dataDir: string, say: (line: string) => void, version = kafkaVersion): Promise<string> {
  await assertJava()
  // Absolute, because Maven resolves relative paths from its POM.
  const libs = resolve(dataDir, `kafka-${version}`)
  const stamp = join(libs, 'complete')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(POM, 'utf8')) return libs
  say(`Fetching Apache Kafka ${version} with Maven (once; about 90 jars)`)
  mkdirSync(libs, { recursive: true })
  await copyJars(libs, version, say)
  writeFileSync(stamp, readFileSync(POM, 'utf8'))
  return libs
}

async function assertJava(): Promise<void> {
  let banner: string
  try {
    banner = (await run('java', ['-version'])).stderr
  } catch {
    throw new DevError(
      `No Java was found. Install a JDK ${OLDEST_JAVA} or later, or give KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS to use a cluster that is there.`
    )
  }
  const version = Number(/version "(?:1\.)?(\d+)/.exec(banner)?.[1])
  if (version < OLDEST_JAVA)
    throw new DevError(`Java ${version} is too old for Kafka ${kafkaVersion}. Install a JDK ${OLDEST_JAVA} or later.`)
}

function copyJars(libs: string, version: string, say: (line: string) => void): Promise<void> {
  const options = [`-Dkafka.version=${version}`, `-DoutputDirectory=${libs}`, '-DincludeScope=runtime']
  const goals = ['-B', '-f', POM, 'dependency:copy-dependencies', ...options]
  return new Promise((resolve, reject) => {
    const maven = spawn('mvn', goals, { stdio: ['ignore', 'pipe', 'pipe'] })
    let tail = ''
    let fetched = 0
    maven.stderr.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-TAIL_CHARACTERS)))
    maven.stdout.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-TAIL_CHARACTERS)
      const before = Math.floor(fetched / 25)
      fetched += text.match(/^(?:\[INFO\] )?(?:Downloaded|Copying)/gm)?.length ?? 0
      if (Math.floor(fetched / 25) > before) say(`  ${fetched} files`)
    })
    maven.once('error', () =>
      reject(new DevError('Maven was not found. Install it (the command mvn) to fetch Kafka for the first start.'))
    )
    maven.once('close', status => {
      if (status === 0) resolve()
      else reject(new DevError(`Maven could not fetch Kafka:\n${tail.split('\n').slice(-12).join('\n')}`))
    })
  })
}
