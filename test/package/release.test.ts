import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

test('a release is the package, its bill of materials and their checksums, of a commit that is ready for it', t => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-release-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const git = (cwd: string, ...argv: string[]) => execFileSync('git', argv, { cwd, encoding: 'utf8' })
  for (const path of git(ROOT, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0'))
    if (path !== '') cpSync(join(ROOT, path), join(folder, path))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const name = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com']
  const release = () => spawnSync(process.execPath, ['scripts/make-release.ts'], { cwd: folder, encoding: 'utf8' })

  git(folder, 'init', '--quiet')
  // The link is not the folder that .gitignore names.
  writeFileSync(join(folder, '.git', 'info', 'exclude'), 'node_modules\n')
  const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog.replaceAll(`[${version}] - `, ''))
  const refused = release()
  assert.equal(refused.status, 1)
  assert.equal(
    refused.stderr,
    `Not released: there are changes that are not committed\nNot released: CHANGELOG.md has no section "## [${version}] - <date>"\n`
  )

  writeFileSync(join(folder, 'CHANGELOG.md'), `# Changelog\n\n## [${version}] - 2026-01-31\n`)
  git(folder, 'add', '--all')
  git(folder, ...name, 'commit', '--quiet', '--message', 'test')
  const made = release()
  assert.equal(made.status, 0, made.stderr)
  const tarball = readdirSync(join(folder, 'release')).find(each => each.endsWith('.tgz')) ?? ''
  assert.deepEqual(readdirSync(join(folder, 'release')).toSorted(), ['SHA256SUMS', tarball, 'sbom.cdx.json'].toSorted())
  const checked = execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: join(folder, 'release') })
  assert.equal(checked.toString(), `${tarball}: OK\nsbom.cdx.json: OK\n`)
  const bill = JSON.parse(readFileSync(join(folder, 'release', 'sbom.cdx.json'), 'utf8'))
  assert.equal(bill.metadata.component.version, version)
})
