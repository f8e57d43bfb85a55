import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readKeyFile } from '../auth/api-key-file.ts'
import { compileMapping } from '../auth/certificates/mapping-rules.ts'
import { readUserFile } from '../auth/user-file.ts'
import { isLoopback } from '../config/caller-rules.ts'
import type { Config } from '../config/schema.ts'
import { certificatesIn } from '../core/lib/pem.ts'
import { assertInstalled } from '../telemetry/traces/packages.ts'
import {
  assertPair,
  type CertificatePaths,
  certificateIn,
  filesOf,
  invalidity,
  type KeyPairSettings,
  readPair,
  readPem,
  settingsIn
} from './key-pair.ts'
import { identityShortage } from './open-files.ts'

/** A problem with something that the configuration names. */
export interface Finding {
  /**
   * `unusable`: the gateway does not start. `invalid`: it starts, but its peers will refuse the certificate.
   * `warning`: it works, but not for long, or not safely.
   */
  readonly severity: 'unusable' | 'invalid' | 'warning'
  readonly text: string
}

const DAY_MS = 86_400_000
const WARN_DAYS = 30

/** Checks every file and package that the configuration names. Changes nothing and connects to nothing. */
export async function inspect(config: Config, nowMs = Date.now()): Promise<readonly Finding[]> {
  return [
    ...keyPairsOf(config).flatMap(pair => inspectPair(pair, nowMs)),
    ...caFilesOf(config).flatMap(([setting, file]) => inspectCaFile(setting, file, nowMs)),
    ...inTheClear(config),
    ...keysIn(config),
    ...usersIn(config),
    ...(await mappingRulesIn(config)),
    ...(await revocationListsIn(config, nowMs)),
    ...identitiesIn(config),
    ...(config.traces === undefined ? [] : tracePackages())
  ]
}

interface NamedPair extends CertificatePaths {
  readonly settings: KeyPairSettings
}

function keyPairsOf({ listen, management, kafka, auth: { graph } }: Config): NamedPair[] {
  const sections = [
    [settingsIn('listen.tls'), listen.tls === 'none' ? undefined : listen.tls],
    [settingsIn('management.tls'), management?.tls],
    [settingsIn('kafka.tls'), kafka.tls],
    [
      { certFile: 'auth.graph.clientCertFile', keyFile: 'auth.graph.clientKeyFile' },
      { certFile: graph?.clientCertFile, keyFile: graph?.clientKeyFile }
    ]
  ] as const
  return sections.flatMap(([settings, given]) =>
    given?.certFile === undefined || given.keyFile === undefined
      ? []
      : [{ settings, ...filesOf({ ...given, certFile: given.certFile, keyFile: given.keyFile }) }]
  )
}

function caFilesOf({ kafka, auth }: Config): [setting: string, file: string][] {
  const all: readonly (readonly [string, string | undefined])[] = [
    ['kafka.tls.caFile', kafka.tls?.caFile],
    ['kafka.sasl.caFile', kafka.sasl?.caFile],
    ...auth.oidc.map(({ caFile }, at) => [`auth.oidc[${at}].caFile`, caFile] as const),
    ['auth.graph.caFile', auth.graph?.caFile]
  ]
  return all.flatMap(([setting, file]) => (file === undefined ? [] : [[setting, file]]))
}

function inspectPair({ settings, ...paths }: NamedPair, nowMs: number): Finding[] {
  try {
    const pair = readPair(paths, settings)
    assertPair(pair, paths, settings)
    return [
      ...inspectValidity(`${settings.certFile}: the certificate in ${paths.certFile}`, pair.cert, nowMs),
      ...(pair.ca === undefined
        ? []
        : inspectAuthorities(`${settings.clientCaFile}: ${paths.clientCaFile}`, pair.ca, nowMs))
    ]
  } catch (error) {
    return [unusable(error)]
  }
}

function inspectValidity(what: string, cert: Buffer, nowMs: number): Finding[] {
  const objection = invalidity(cert, nowMs)
  if (objection !== undefined) return [{ severity: 'invalid', text: `${what} ${objection}` }]
  const { validTo, validToDate } = new X509Certificate(cert)
  const isNear = validToDate.getTime() - nowMs < WARN_DAYS * DAY_MS
  return isNear ? [{ severity: 'warning', text: `${what} expires on ${validTo}` }] : []
}

function inspectCaFile(setting: string, file: string, nowMs: number): Finding[] {
  const what = `${setting}: ${file}`
  try {
    return inspectAuthorities(what, readPem(what, file), nowMs)
  } catch (error) {
    return [unusable(error)]
  }
}

/** Throws a KeyPairError for what is no certificate. */
function inspectAuthorities(what: string, pem: Buffer, nowMs: number): Finding[] {
  const blocks = certificatesIn(pem)
  if (blocks.length === 0) return [{ severity: 'unusable', text: `${what} holds no PEM certificate` }]
  return blocks.flatMap((block, at) => {
    const { validTo, validToDate } = certificateIn(Buffer.from(block), `${what}: certificate ${at + 1}`)
    const text = `${what}: certificate ${at + 1} expired on ${validTo}`
    return validToDate.getTime() < nowMs ? [{ severity: 'warning' as const, text }] : []
  })
}

function inTheClear({ auth, management }: Config): Finding[] {
  const texts = auth.oidc.flatMap(({ issuer }, at) =>
    issuer.startsWith('https://') ? [] : [`auth.oidc[${at}].issuer is no https:// address`]
  )
  const { host = '', token, tls } = management ?? {}
  if (token !== undefined && tls === undefined && !isLoopback(host))
    texts.push('management.tls is not set: the management token travels in the clear')
  return texts.map(text => ({ severity: 'warning', text }))
}

/** Warns of keys that let nobody in. */
function keysIn({ auth: { apiKeys }, listen }: Config): Finding[] {
  if (apiKeys === undefined) return []
  const { entries, problems } = readKeyFile(readFileSync(apiKeys.file, 'utf8'))
  const texts = problems.map(problem => `auth.apiKeys.file: ${apiKeys.file}: ${problem}; this key lets nobody in`)
  const isHidden = listen.trustedProxies.length > 0 && listen.clientAddressFrom === 'socket'
  if (isHidden && entries.some(({ networks }) => networks.length > 0))
    texts.push('listen.clientAddressFrom is socket: networks of API keys are compared with the address of the proxy')
  return texts.map(text => ({ severity: 'warning', text }))
}

/** Warns of users that are not let in. */
function usersIn({ auth: { basic } }: Config): Finding[] {
  if (basic === undefined) return []
  const { problems } = readUserFile(readFileSync(basic.file, 'utf8'))
  return problems.map(problem => ({
    severity: 'warning',
    text: `auth.basic.file: ${basic.file}: ${problem}; this user is not let in`
  }))
}

async function mappingRulesIn({ auth: { certificates } }: Config): Promise<Finding[]> {
  try {
    await compileMapping(certificates?.mappingRules ?? [])
    return []
  } catch (error) {
    return [unusable(error)]
  }
}

async function revocationListsIn({ listen }: Config, nowMs: number): Promise<Finding[]> {
  const file = listen.tls === 'none' ? undefined : listen.tls.clientCrlFile
  if (file === undefined) return []
  const endMs = await firstEndMs(readPem(`listen.tls.clientCrlFile: ${file}`, file))
  const text = `listen.tls.clientCrlFile: ${file}: a list ended on ${new Date(Math.min(endMs, nowMs)).toISOString()}: nobody of its authority is let in`
  return endMs < nowMs ? [{ severity: 'invalid', text }] : []
}

function identitiesIn(config: Config): Finding[] {
  const text = identityShortage(config)
  return text === undefined ? [] : [{ severity: 'warning', text }]
}

/** Lists that cannot be parsed are told of by whoever judges the pair that they belong to. */
async function firstEndMs(lists: Buffer): Promise<number> {
  const { listsEndMs } = await import('../auth/certificates/revocation-lists.ts')
  try {
    return listsEndMs(lists)
  } catch {
    return Infinity
  }
}

function tracePackages(): Finding[] {
  try {
    assertInstalled()
    return []
  } catch (error) {
    return [unusable(error)]
  }
}

const unusable = (error: unknown): Finding => ({
  severity: 'unusable',
  text: error instanceof Error ? error.message : String(error)
})
