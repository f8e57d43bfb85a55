import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/**
 * Judges what is delivered: every production dependency along the lockfile has a licence that is allowed, and the registry
 * knows of no vulnerability in it. Where the registry does not answer that, it is said, and nothing fails.
 */
// BlueOak-1.0.0 (lru-cache) grants what MIT does, and is approved by the OSI.
const ALLOWED = new Set(['MIT', 'BlueOak-1.0.0', 'Apache-2.0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD'])
const AUDIT_TIMEOUT_MS = 30_000
const root = new URL('../', import.meta.url)

interface Locked {
  readonly dev?: boolean
  readonly license?: string
}

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), 'utf8'))
const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** The package's own word; the lockfile's where it is made for another platform and not installed. */
function licenceOf(path: string, locked: Locked): string {
  const manifest = `${path}/package.json`
  const source = existsSync(new URL(manifest, root)) ? (read(manifest) as Locked) : locked
  return typeof source.license === 'string' ? source.license : 'none named'
}

function judgeLicences(): void {
  const { packages } = read('package-lock.json') as { packages: Record<string, Locked> }
  const delivered = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  for (const [path, locked] of delivered) {
    const licence = licenceOf(path, locked)
    if (ALLOWED.has(licence)) continue
    say(`${path}: licence ${licence} is not allowed`)
    process.exitCode = 1
  }
  say(`Licences of ${delivered.length} production dependencies read.`)
}

function judgeVulnerabilities(): void {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: AUDIT_TIMEOUT_MS
  })
  const found = totalOf(stdout ?? '')
  if (found === undefined) return say('Vulnerabilities: NOT CHECKED, the registry did not answer npm audit.')
  say(`Vulnerabilities known of production dependencies: ${found}`)
  if (found > 0) process.exitCode = 1
}

function totalOf(report: string): number | undefined {
  try {
    const { metadata } = JSON.parse(report) as { metadata?: { vulnerabilities?: { total?: number } } }
    return metadata?.vulnerabilities?.total
  } catch {
    return undefined
  }
}

judgeLicences()
judgeVulnerabilities()
