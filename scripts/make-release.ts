import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { billOfMaterials } from './bill-of-materials.ts'
import { packInto } from './stage-package.ts'

/**
 * `npm run release`: lays what a release consists of into `release/`, from a commit that is ready for it: the package, its
 * bill of materials, and the checksums of both. docs/release.md says what comes before and after.
 */
const ROOT = fileURLToPath(new URL('../', import.meta.url))
const FOLDER = join(ROOT, 'release')
const BILL = 'sbom.cdx.json'
const SUMS = 'SHA256SUMS'

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
const problems = problemsOf()
if (problems.length > 0) {
  for (const problem of problems) process.stderr.write(`Not released: ${problem}\n`)
  process.exit(1)
}
rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(FOLDER)
const staged = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-release-'))
try {
  const { filename } = await packInto(FOLDER, staged)
  writeFileSync(join(FOLDER, BILL), `${JSON.stringify(await billOfMaterials(), null, 1)}\n`)
  const sums = [filename, BILL].map(name => `${sha256(join(FOLDER, name))}  ${name}\n`)
  writeFileSync(join(FOLDER, SUMS), sums.join(''))
  process.stdout.write(`release/: ${filename}, ${BILL}, ${SUMS}\n`)
} finally {
  rmSync(staged, { recursive: true, force: true })
}

function problemsOf(): string[] {
  const changes = execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' })
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')
  const dated = new RegExp(`^## \\[${version.replaceAll('.', String.raw`\.`)}\\] - \\d{4}-\\d{2}-\\d{2}$`, 'm')
  return [
    ...(changes === '' ? [] : ['there are changes that are not committed']),
    ...(dated.test(changelog) ? [] : [`CHANGELOG.md has no section "## [${version}] - <date>"`])
  ]
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
