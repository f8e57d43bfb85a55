import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { loadConfig } from '../../src/config/load.ts'
import { configSchema } from '../../src/config/schema.ts'
import { Folder, leastEnvironment, problemsOf } from './support/configs.ts'

const folder = new Folder()

interface Free {
  readonly variable: string
  readonly default: unknown
  readonly value: fc.Arbitrary<unknown>
}

const bytes = fc.integer({ min: 1024, max: 2 ** 40 })
const item = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._/ -]*[A-Za-z0-9])?$/)

/** Settings that depend on no others; variables and defaults are written out, so that they are checked as well. */
const settings = new Map<string, Free>([
  [
    'listen.host',
    { variable: 'LISTEN_HOST', default: '0.0.0.0', value: fc.string({ minLength: 1, unit: 'grapheme' }) }
  ],
  ['listen.port', { variable: 'LISTEN_PORT', default: 9400, value: fc.integer({ min: 0, max: 65_535 }) }],
  [
    'kafka.clientId',
    { variable: 'KAFKA_CLIENT_ID', default: 'kafka-rest-proxy', value: fc.string({ unit: 'grapheme' }) }
  ],
  ['kafka.batchBytes', { variable: 'KAFKA_BATCH_BYTES', default: 131_072, value: bytes }],
  [
    'kafka.compression',
    { variable: 'KAFKA_COMPRESSION', default: 'none', value: fc.constantFrom('none', 'gzip', 'zstd') }
  ],
  ['auth.permittedGroups', { variable: 'AUTH_PERMITTED_GROUPS', default: [], value: fc.array(item) }],
  ['limits.inFlightBytes', { variable: 'LIMITS_IN_FLIGHT_BYTES', default: 268_435_456, value: bytes }],
  ['limits.jsonDepth', { variable: 'LIMITS_JSON_DEPTH', default: 512, value: fc.integer({ min: 1, max: 10_000 }) }],
  ['log.level', { variable: 'LOG_LEVEL', default: 'info', value: fc.constantFrom('fatal', 'info', 'trace') }]
])

/** By dotted path. */
type Values = Readonly<Record<string, unknown>>

const values: fc.Arbitrary<Values> = fc.record(
  Object.fromEntries([...settings].map(([name, { value }]) => [name, value])),
  { requiredKeys: [] }
)

const nested = (flat: Values): Record<string, Record<string, unknown>> => {
  const sections: Record<string, Record<string, unknown>> = {}
  for (const [name, value] of Object.entries(flat)) {
    const [section, key] = name.split('.')
    sections[section] = { ...sections[section], [key]: value }
  }
  return sections
}

const environmentOf = (flat: Values): NodeJS.ProcessEnv =>
  Object.fromEntries(
    [...settings].flatMap(([name, { variable }]) =>
      name in flat ? [[`KAFKA_REST_${variable}`, String(flat[name])]] : []
    )
  )

/** JSON is YAML, but for this file it is spread over lines, so that lines mean something. */
const yamlOf = (flat: Values): string => JSON.stringify(nested(flat), null, 2)

const at = (config: object, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => Object(value)[key], config)

const sourceOf = (name: string, variable: string, file: Values, env: Values, flags: Values): RegExp => {
  if (name in flags) return /^flag$/
  if (name in env) return new RegExp(`^environment KAFKA_REST_${variable}$`)
  return name in file ? /^file .*config\.yaml:\d+$/ : /^default$/
}

test('for any values in any layers the highest layer wins, and the source says so', () => {
  fc.assert(
    fc.property(values, values, values, (inFile, inEnv, inFlags) => {
      const file = folder.write('config.yaml', yamlOf(inFile))
      const env = { ...leastEnvironment, ...environmentOf(inEnv) }
      const { config, sources } = loadConfig({ file, env, flags: nested(inFlags) })
      const winners: Values = { ...inFile, ...inEnv, ...inFlags }
      for (const [name, setting] of settings) {
        assert.deepEqual(at(config, name), name in winners ? winners[name] : setting.default, name)
        assert.match(sources.get(name) ?? '', sourceOf(name, setting.variable, inFile, inEnv, inFlags))
      }
    }),
    { numRuns: 200 }
  )
})

test('what is accepted is what a validator of JSON Schema says fits the schema', () => {
  const validator = Compile(configSchema)
  const { config } = loadConfig({ env: leastEnvironment })
  assert.ok(validator.Check(config))
  const anything = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.array(fc.string()),
    fc.constant({})
  )
  const flag = fc
    .constantFrom(...settings)
    .chain(([name, { value }]) => fc.tuple(fc.constant(name), fc.oneof({ weight: 2, arbitrary: value }, anything)))
  fc.assert(
    fc.property(flag, ([name, value]) => {
      const [section, key] = name.split('.')
      const changed = { ...config, [section]: { ...Object(at(config, section)), [key]: value } }
      const problems = problemsOf({ env: leastEnvironment, flags: { [section]: { [key]: value } } })
      assert.equal(problems.length === 0, validator.Check(changed), problems[0])
    }),
    { numRuns: 500 }
  )
})

test('whatever the environment can say, the file can say, with the same result', () => {
  fc.assert(
    fc.property(values, flat => {
      const file = folder.write('config.yaml', yamlOf(flat))
      const fromEnvironment = loadConfig({ env: { ...leastEnvironment, ...environmentOf(flat) } })
      assert.deepEqual(loadConfig({ file, env: leastEnvironment }).config, fromEnvironment.config)
    }),
    { numRuns: 100 }
  )
})

test('a key that the schema does not have is refused in every section and every layer', () => {
  const sections = fc.constantFrom('', 'listen', 'kafka', 'auth', 'limits', 'log')
  const known = new Set(
    'listen kafka auth limits log host port tls bootstrapServers clientId sasl compression mode oidc graph level'.split(
      ' '
    )
  )
  const key = fc
    .stringMatching(/^[a-zA-Z_]{1,12}$/)
    .filter(name => !known.has(name) && !/(Ms|Bytes|Max|Broker)$/.test(name))
  const scalar = fc.constantFrom<unknown>(null, 1, 'x', true, [], {})
  fc.assert(
    fc.property(sections, key, scalar, (section, name, value) => {
      const flags = section === '' ? { [name]: value } : { [section]: { [name]: value } }
      const path = section === '' ? name : `${section}.${name}`
      const file = folder.write('unknown.yaml', JSON.stringify(flags))
      for (const problems of [
        problemsOf({ file, env: leastEnvironment }),
        problemsOf({ env: leastEnvironment, flags })
      ]) {
        assert.equal(problems.length, 1)
        assert.ok(problems[0].includes(`: ${path} is not a known key`), problems[0])
      }
    }),
    { numRuns: 200 }
  )
})

test('a variable with the prefix that the schema does not have is refused', () => {
  const suffix = fc.stringMatching(/^[A-Z]{1,6}(_[A-Z]{1,6}){0,3}$/)
  const foreign = /^(DEV|TEST)_/
  const known = new Set([...settings.values()].map(({ variable }) => variable))
  fc.assert(
    fc.property(suffix, text => {
      const variable = `KAFKA_REST_${text}`
      const problems = problemsOf({ env: { ...leastEnvironment, [variable]: 'x' } })
      if (foreign.test(text)) assert.deepEqual(problems, [])
      else if (!known.has(text)) assert.ok(problems[0].startsWith(`environment ${variable}`), problems[0])
    }),
    { numRuns: 200 }
  )
})

test('no text in a variable of a number is taken for one unless it is the number written plainly', () => {
  const odd = fc.oneof(
    fc.string(),
    fc.constantFrom('1e3', '0x10', ' 1', '1 ', '1_000', '+5', '1.0', '١', 'NaN', 'Infinity', '9'.repeat(20))
  )
  fc.assert(
    fc.property(odd, text => {
      const env = { ...leastEnvironment, KAFKA_REST_LIMITS_CONNECTIONS: text }
      const plain = /^[0-9]{1,15}$/.test(text) && Number(text) >= 1 && Number(text) <= 1_000_000
      assert.equal(problemsOf({ env }).length, plain ? 0 : 1)
    })
  )
})
