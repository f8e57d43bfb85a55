import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { loadConfig } from '../src/config/load.ts'

const root = new URL('../', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const policy = text('SECURITY.md')

/** The second cell of the row that begins with these words. */
function rowOf(words: string): string {
  const row = policy.split('\n').find(line => line.startsWith(`| ${words}`))
  assert.ok(row !== undefined, words)
  return row.split('|')[2].trim()
}

/** A duration that a source file names. */
function millisecondsOf(path: string, name: string): number {
  const [, value] = new RegExp(`^const ${name} = ([\\d_ *]+)$`, 'm').exec(text(path)) ?? []
  assert.ok(value !== undefined, `${path} has no ${name}`)
  return value
    .replaceAll('_', '')
    .split('*')
    .reduce((product, factor) => product * Number(factor), 1)
}

suite('SECURITY.md', () => {
  const env = {
    KAFKA_REST_LISTEN_TLS: 'none',
    KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: 'broker:9092',
    KAFKA_REST_AUTH_OIDC: '[{"issuer":"https://id.example.com","audience":["api://kafka"]}]',
    KAFKA_REST_AUTH_PERMITTED_GROUPS: '33333333-3333-4333-8333-333333333333',
    KAFKA_REST_AUTH_GRAPH_TOKEN_URL: 'https://id.example.com/token',
    KAFKA_REST_AUTH_GRAPH_CLIENT_ID: 'id',
    KAFKA_REST_AUTH_GRAPH_CLIENT_SECRET: 'secret'
  }
  const { auth, limits, management } = loadConfig({ env }).config

  test('says of what was withdrawn how long it still works, in the numbers of the code', () => {
    assert.match(rowOf('a token:'), new RegExp(`\\(${auth.oidc[0].clockToleranceMs / 1000} s\\)`))
    assert.match(rowOf('a group that Microsoft Graph'), new RegExp(`\\(${(auth.graph?.cacheMs ?? 0) / 1000} s\\)`))
    const refreshMs = millisecondsOf('src/auth/key-set.ts', 'REFRESH_MS')
    const staleMs = millisecondsOf('src/auth/key-set.ts', 'STALE_LIMIT_MS')
    assert.match(
      rowOf('a signing key'),
      new RegExp(`^${refreshMs / 60_000} minutes.* ${staleMs / 3_600_000} hours at most`)
    )
    const pollMs = millisecondsOf('src/server/rules-reload.ts', 'POLL_MS')
    assert.match(rowOf('an entry of `permittedGroups`'), new RegExp(` ${pollMs / 1000} s at most`))
    assert.ok(millisecondsOf('src/server/rules-reload.ts', 'SETTLE_MS') <= 1000)
    const certificateMs = millisecondsOf('src/server/certificate-files.ts', 'POLL_MS')
    assert.match(rowOf('your certificate'), new RegExp(`, ${certificateMs / 1000} s at most`))
    assert.ok(millisecondsOf('src/server/certificate-files.ts', 'SETTLE_MS') <= 1000)
    assert.match(rowOf('memory'), /^a digest of each verified token/)
    const rememberedMs = millisecondsOf('src/auth/token-verifier.ts', 'REMEMBERED_MS')
    assert.match(policy, new RegExp(`^\\| memory .*\\| ${rememberedMs / 1000} s, or`, 'm'))
    assert.ok(policy.includes(`\`limits.requestTimeoutMs\` (${limits.requestTimeoutMs / 1000} s)`))
  })

  test('says rightly that the management listener is off, and bound to loopback, unless configured', () => {
    assert.equal(management, undefined)
    const { config } = loadConfig({ env: { ...env, KAFKA_REST_MANAGEMENT_PORT: '9402' } })
    assert.equal(config.management?.host, '127.0.0.1')
    assert.throws(
      () => loadConfig({ env: { ...env, KAFKA_REST_MANAGEMENT_PORT: '9402', KAFKA_REST_MANAGEMENT_HOST: '0.0.0.0' } }),
      /management\.token/
    )
  })

  test('says rightly that no dependency runs a script when it is installed, and that each is locked by checksum', () => {
    const { packages } = JSON.parse(text('package-lock.json')) as {
      packages: Record<string, { dev?: boolean; hasInstallScript?: boolean; integrity?: string }>
    }
    for (const [path, { dev, hasInstallScript, integrity }] of Object.entries(packages)) {
      if (path === '' || dev === true) continue
      assert.equal(hasInstallScript, undefined, path)
      assert.match(integrity ?? '', /^sha512-/, path)
    }
  })
})
