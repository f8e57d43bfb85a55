import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import { reloadConfig } from '../../src/config/reload.ts'
import { Folder, leastEnvironment, provider } from './support/configs.ts'

const folder = new Folder()

const GROUP = '00000000-0000-4000-8000-000000000001'
const RULE = { principals: ['ann'], operations: ['read'], topics: ['*'] }
const OTHER = { issuer: 'https://idp.example', audience: ['a'] }

type Settings = Readonly<Record<string, unknown>>

const sources = (auth: Settings, rest: Settings = {}) => ({
  env: leastEnvironment,
  flags: { auth: { mode: 'oidc', oidc: [provider], ...auth }, ...rest }
})

const reload = (before: Settings, after: Settings, rest?: Settings) =>
  reloadConfig(loadConfig(sources(before)).config, sources(after, rest))

/** Why a reload is refused; empty if it is not. */
const refusal = (before: Settings, after: Settings): readonly string[] => {
  try {
    reload(before, after)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
}

suite('A configuration that is read again', () => {
  test('gives its groups and rules, and names the rest that waits for a restart', () => {
    const before = { permittedGroups: [GROUP], rules: [RULE] }
    const after = { permittedGroups: [], rules: [{ ...RULE, principals: ['bob'] }] }
    const rest = { limits: { bodyBytes: 2048 }, kafka: { clientId: 'x', sasl: { mechanism: 'PLAIN', username: 'u' } } }
    const sasl = { ...rest.kafka.sasl, password: 'hush' }
    const { config, waiting } = reload(before, after, { ...rest, kafka: { ...rest.kafka, sasl } })
    assert.deepEqual(config.auth.permittedGroups, [])
    assert.deepEqual(config.auth.rules[0].principals, ['bob'])
    assert.equal(config.limits.bodyBytes, 16_777_216)
    assert.deepEqual(waiting.toSorted(), ['kafka.clientId', 'kafka.sasl', 'limits.bodyBytes'])
    assert.throws(() => Object.assign(config.auth, { mode: 'none' }), TypeError)
  })

  test('does not call a secret waiting whose file is read again when it is used', () => {
    const file = folder.write('token', 'first')
    const rest = { management: { port: 9402, tokenFile: file } }
    const running = loadConfig(sources({ rules: [RULE] }, rest)).config
    folder.write('token', 'second')
    assert.deepEqual(reloadConfig(running, sources({ rules: [RULE] }, rest)).waiting, [])
    const another = { management: { port: 9402, tokenFile: folder.write('other', 'second') } }
    assert.deepEqual(reloadConfig(running, sources({ rules: [RULE] }, another)).waiting.toSorted(), [
      'management.token',
      'management.tokenFile'
    ])
  })

  test('is refused whole where anything in it is wrong', () => {
    const wrong = { rules: [{ ...RULE, operations: ['raed'], topic: 'x' }] }
    assert.equal(refusal({ rules: [RULE] }, wrong).length, 2)
  })

  test('does not open everything by having no rules any more', () => {
    const rules = { permittedGroups: [GROUP], rules: [RULE] }
    const [problem, ...others] = refusal(rules, { permittedGroups: [GROUP] })
    assert.match(problem, /^auth\.rules is empty: without rules, everyone in a permitted group .*restart the gateway$/)
    assert.deepEqual(others, [])
    assert.match(refusal(rules, { mode: 'none', permittedGroups: [GROUP] })[0], /^auth\.rules is empty/)
    assert.deepEqual(refusal({ permittedGroups: [GROUP] }, rules), [])
  })

  test('does not lose all groups by switching authentication off, which a reload does not do', () => {
    assert.match(refusal({ permittedGroups: [GROUP] }, { mode: 'none' })[0], /^auth\.permittedGroups is empty/)
  })

  test('does not let rules name callers of a provider that it drops, but that stays trusted until the restart', () => {
    const before = { oidc: [provider, OTHER], rules: [{ ...RULE, issuers: [provider.issuer] }] }
    assert.match(
      refusal(before, { rules: [RULE] })[0],
      /^auth\.rules\[0\]\.issuers is missing: with 2 providers .*start/
    )
    const { config, waiting } = reload(before, {
      rules: [{ ...RULE, principals: ['bob'], issuers: [provider.issuer] }]
    })
    assert.deepEqual([config.auth.oidc.length, waiting], [2, ['auth.oidc']])
  })

  test('does not promise anything to a provider that is trusted from the restart on', () => {
    const after = { oidc: [provider, OTHER], rules: [{ ...RULE, issuers: [OTHER.issuer] }] }
    assert.match(refusal({ rules: [RULE] }, after)[0], /^auth\.rules\[0\]\.issuers names .* no trusted issuer; .*start/)
  })

  test('gives the groups of each provider to that provider, wherever it stands in the list', () => {
    const groups = (one: string[], two: string[]) => [
      { ...provider, permittedGroups: one },
      { ...OTHER, permittedGroups: two }
    ]
    const { config, waiting } = reload({ oidc: groups(['a'], ['b']) }, { oidc: groups(['c'], ['d']).toReversed() })
    assert.deepEqual(
      config.auth.oidc.map(({ permittedGroups }) => permittedGroups),
      [['c'], ['d']]
    )
    assert.ok(waiting.length > 0)
    assert.deepEqual(reload({ oidc: groups(['a'], ['b']) }, { oidc: groups(['c'], ['d']) }).waiting, [])
  })
})
