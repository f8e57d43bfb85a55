import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { createAuthority, createServerCertificate } from '../../src/dev/certificates/x509.ts'
import { inspect } from '../../src/server/inspection.ts'
import { Folder, leastEnvironment, provider } from '../config/support/configs.ts'
import { Authority } from '../support/authority.ts'

const DAY_MS = 86_400_000
const folder = new Folder()
const validity = { from: new Date(Date.now() - 3_600_000), days: 60 }
const authority = createAuthority('Test authority', ['localhost'], validity)

const pem = { type: 'pkcs8', format: 'pem' } as const

function pairOf({ from = validity.from, days = validity.days } = {}) {
  const { certificatePem, key } = createServerCertificate('localhost', ['localhost'], authority, { from, days })
  return { cert: certificatePem, key: String(key.export(pem)) }
}

/** What is found, with the folder left out. */
async function found(flags: Readonly<Record<string, unknown>>): Promise<string[]> {
  const { KAFKA_REST_LISTEN_TLS: none, ...env } = leastEnvironment
  const whole = 'listen' in flags ? { env, flags } : { env: { ...env, KAFKA_REST_LISTEN_TLS: none }, flags }
  const findings = await inspect(loadConfig(whole).config)
  return findings.map(({ severity, text }) => `${severity} ${text.replaceAll(`${folder.path}/`, '')}`)
}

const good = pairOf()
const put = (name: string, { cert, key }: { cert: string; key: string }) => ({
  certFile: folder.write(`${name}.crt`, cert),
  keyFile: folder.write(`${name}.key`, key)
})
const sections: readonly [
  string,
  (files: { certFile: string; keyFile: string }) => Readonly<Record<string, unknown>>
][] = [
  ['listen.tls', tls => ({ listen: { tls } })],
  ['management.tls', tls => ({ management: { port: 1, tls } })],
  ['kafka.tls', tls => ({ kafka: { tls } })]
]

for (const [section, using] of sections)
  test(`a sound pair of ${section} is found sound; one that is not is named by setting and file`, async () => {
    assert.deepEqual(await found(using(put('good', good))), [])
    const cases: readonly [string, { cert: string; key: string }, string][] = [
      [
        'foreign',
        { ...good, key: pairOf().key },
        'keyFile: foreign.key is not the key of the certificate in foreign.crt'
      ],
      ['garbage', { cert: 'x', key: 'x' }, 'certFile: garbage.crt holds no PEM certificate'],
      ['keyless', { cert: good.cert, key: 'x' }, 'keyFile: keyless.key holds no PEM private key'],
      ['swapped', { cert: good.key, key: good.cert }, 'certFile: swapped.crt holds a private key, not a certificate'],
      ['twice', { cert: good.cert, key: good.cert }, 'keyFile: twice.key holds a certificate, not a private key'],
      [
        'locked',
        { cert: good.cert, key: lockedKey() },
        'keyFile: locked.key is encrypted, and there is no setting for its password: store it decrypted'
      ]
    ]
    for (const [name, pair, expected] of cases)
      assert.deepEqual(await found(using(put(name, pair))), [`unusable ${section}.${expected}`])
  })

const lockedKey = () =>
  String(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      ...pem,
      cipher: 'aes-256-cbc',
      passphrase: 'p'
    })
  )

test('a certificate that is expired or not valid yet is a problem, one that ends soon a warning', async () => {
  const listen = (from: number, days: number) =>
    found({ listen: { tls: put('dated', pairOf({ from: new Date(Date.now() + from * DAY_MS), days })) } })
  assert.match(
    (await listen(-10, 5)).join(),
    /^invalid listen\.tls\.certFile: the certificate in dated\.crt expired on /
  )
  assert.match(
    (await listen(5, 5)).join(),
    /^invalid listen\.tls\.certFile: the certificate in dated\.crt is not valid before /
  )
  assert.match(
    (await listen(-10, 35)).join(),
    /^warning listen\.tls\.certFile: the certificate in dated\.crt expires on /
  )
  assert.deepEqual(await listen(-10, 45), [])
})

test("Microsoft Entra ID's pair is opened too", async () => {
  const { certFile, keyFile } = put('graph', { ...good, key: pairOf().key })
  const graph = { tokenUrl: 'https://login.example/t', clientId: 'c', clientCertFile: certFile, clientKeyFile: keyFile }
  const auth = { mode: 'oidc', oidc: [provider], permittedGroups: ['00000000-0000-0000-0000-000000000001'], graph }
  assert.deepEqual(await found({ auth }), [
    'unusable auth.graph.clientKeyFile: graph.key is not the key of the certificate in graph.crt'
  ])
})

test('every file of authorities is opened, each certificate in it', async () => {
  const old = createAuthority('Old authority', ['localhost'], { from: new Date(Date.now() - 10 * DAY_MS), days: 5 })
  const sound = folder.write('ca.pem', `# comment\n${authority.certificatePem}${authority.certificatePem}`)
  const aged = folder.write('aged.pem', authority.certificatePem + old.certificatePem)
  const torn = folder.write('torn.pem', authority.certificatePem.replace(/\n.{20}/, '\n'))
  const none = folder.write('none.pem', 'x')
  const auth = (caFile: string) => ({ mode: 'oidc', oidc: [{ ...provider, caFile }], permittedGroups: ['g'] })
  assert.deepEqual(await found({ kafka: { tls: { caFile: sound } }, auth: auth(sound) }), [])
  assert.deepEqual(await found({ kafka: { tls: { caFile: none } }, auth: auth(torn) }), [
    'unusable kafka.tls.caFile: none.pem holds no PEM certificate',
    'unusable auth.oidc[0].caFile: torn.pem: certificate 1 holds no PEM certificate'
  ])
  assert.match(
    (await found({ kafka: { tls: { caFile: aged } } })).join(),
    /^warning kafka\.tls\.caFile: aged\.pem: certificate 2 expired on /
  )
  const tls = { ...put('listening', good), clientAuth: 'request', clientCaFile: aged }
  const rule = { issuers: ['certificate'], principals: ['a'], operations: ['read'], topics: ['t'] }
  const certified = { mode: 'on', certificates: {}, rules: [rule] }
  assert.match(
    (await found({ listen: { tls }, auth: certified })).join(),
    /^warning listen\.tls\.clientCaFile: aged\.pem: certificate 2 expired on /
  )
})

test('mapping rules of certificates are compiled, and a revocation list that has ended is named', async () => {
  const authority = new Authority(folder.path, 'clients')
  const tls = { ...put('listening', good), clientAuth: 'request', clientCaFile: authority.certFile }
  const auth = (...mappingRules: readonly string[]) => ({
    mode: 'on',
    certificates: { mappingRules },
    rules: [{ issuers: ['certificate'], principals: ['a'], operations: ['read'], topics: ['t'] }]
  })
  const listed = { listen: { tls: { ...tls, clientCrlFile: authority.crlFile } }, auth: auth('DEFAULT') }
  assert.deepEqual(await found(listed), [])
  assert.deepEqual(await found({ listen: { tls }, auth: auth('RULE:a/b') }), [
    'unusable auth.certificates.mappingRules[0] is neither DEFAULT nor RULE:pattern/replacement/[LU]'
  ])
  authority.renewList(-1)
  assert.match((await found(listed)).join(), /^invalid listen\.tls\.clientCrlFile: clients\/crl\.pem: a list ended on /)
})

test('a management token in the clear is a warning, as at the start', async () => {
  const token = (management: object) => found({ management: { port: 1, token: 't', ...management } })
  assert.deepEqual(await token({ host: '0.0.0.0' }), [
    'warning management.tls is not set: the management token travels in the clear'
  ])
  assert.deepEqual(await token({ host: '127.0.0.1' }), [])
})
