import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeConfig } from '../../src/config/describe.ts'
import { loadConfig } from '../../src/config/load.ts'
import { Folder, leastEnvironment, provider } from './support/configs.ts'

const folder = new Folder()

const describe = (env: NodeJS.ProcessEnv): Map<string, string> =>
  new Map(
    describeConfig(loadConfig({ env: { ...leastEnvironment, ...env } }))
      .trimEnd()
      .split('\n')
      .map(line => {
        const [path, ...rest] = line.split(/ +/)
        return [path, rest.join(' ')]
      })
  )

test('every key is shown with its value and where it comes from', () => {
  const lines = describe({ KAFKA_REST_AUTH_OIDC: JSON.stringify([provider]), KAFKA_REST_LIMITS_CONNECTIONS: '7' })
  assert.equal(lines.get('limits.connections'), '7 [environment KAFKA_REST_LIMITS_CONNECTIONS]')
  assert.equal(lines.get('limits.jsonDepth'), '512 [default]')
  assert.equal(lines.get('listen.tls'), '"none" [environment KAFKA_REST_LISTEN_TLS]')
  assert.equal(lines.get('auth.oidc[0].issuer'), `"${provider.issuer}" [environment KAFKA_REST_AUTH_OIDC]`)
  assert.equal(lines.get('auth.oidc[0].algorithms'), '["RS256"] [default]')
  assert.equal(lines.get('auth.permittedGroups'), '[] [default]')
  assert.equal(lines.get('kafka.sasl'), '(not set)')
})

test('secrets are hidden, however they were given', () => {
  const file = folder.write('secret', 'hush-file\n')
  const text = describeConfig(
    loadConfig({
      env: {
        ...leastEnvironment,
        KAFKA_REST_KAFKA_SASL_MECHANISM: 'PLAIN',
        KAFKA_REST_KAFKA_SASL_USERNAME: 'user',
        KAFKA_REST_KAFKA_SASL_PASSWORD: 'hush-environment',
        KAFKA_REST_AUTH_GRAPH_TOKEN_URL: 'https://login.example/token',
        KAFKA_REST_AUTH_GRAPH_CLIENT_ID: 'id',
        KAFKA_REST_AUTH_GRAPH_CLIENT_SECRET_FILE: file,
        KAFKA_REST_AUTH_PERMITTED_GROUPS: '00000000-0000-4000-8000-000000000001'
      }
    })
  )
  assert.doesNotMatch(text, /hush/)
  assert.match(text, /^kafka\.sasl\.password +\(hidden\) {2}\[environment KAFKA_REST_KAFKA_SASL_PASSWORD\]$/m)
  assert.match(
    text,
    /^auth\.graph\.clientSecret +\(hidden\) {2}\[environment KAFKA_REST_AUTH_GRAPH_CLIENT_SECRET_FILE\]$/m
  )
})

test('a line break in a value cannot fake a line', () => {
  const lines = describe({ KAFKA_REST_KAFKA_CLIENT_ID: 'x\nauth.mode "oidc"' })
  assert.equal(lines.get('auth.mode'), '"none" [environment KAFKA_REST_AUTH_MODE]')
})
