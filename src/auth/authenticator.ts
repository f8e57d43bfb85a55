import type { AuthConfig } from '../config/schema.ts'
import type { Log } from '../core/log.ts'
import { type Meter, noMeter } from '../core/meter.ts'
import { anonymous, type Principal } from '../core/principal.ts'
import { ApiKeys } from './api-keys.ts'
import { Attempts } from './attempts.ts'
import { Certificates } from './certificates/certificates.ts'
import type { CertificateReader } from './certificates/client-certificate.ts'
import type { ForwardedCertificates } from './certificates/forwarded-certificates.ts'
import type { Credentials } from './credentials.ts'
import { GraphMembership } from './graph-membership.ts'
import { Judge } from './judge.ts'
import { KafkaMap } from './kafka-map.ts'
import { KafkaPasswords } from './kafka-passwords.ts'
import type { KafkaCallers } from './kafka-proof.ts'
import { KafkaTokens } from './kafka-tokens.ts'
import { KeySet } from './key-set.ts'
import { OwnOrigins } from './own-origins.ts'
import { Passwords } from './passwords.ts'
import { Permission } from './permission.ts'
import { Policy, type AccessConfig } from './policy.ts'
import { Proofs } from './proofs/proofs.ts'
import { TokenVerifier } from './token-verifier.ts'

export interface AuthenticatorReadings {
  readonly keySets: readonly { readonly issuer: string; readonly ageSeconds: number }[]
  readonly graphCalls: { readonly answered: number; readonly failed: number }
}

/** Finds out who calls, and what they may do. */
export interface Authenticator {
  /**
   * Judges the credential of a request. Returns the principal at once for an API key, and for a token that was verified within
   * the last minute, else a promise. Throws or rejects with SEVERAL_CREDENTIALS, CREDENTIAL_IN_QUERY, UNAUTHENTICATED,
   * INVALID_TOKEN, INVALID_CREDENTIALS, CERTIFICATE_NEEDED, NOT_PERMITTED, or with IDENTITY_UNAVAILABLE if the provider or Graph does not answer.
   */
  authenticate(credentials: Credentials): Principal | Promise<Principal>
  /** Whether the keys of every provider are loaded. */
  ready(): boolean
  /** Returns the current values for metrics. */
  readings(): AuthenticatorReadings
  /** Begins to load keys. Resolves after the first attempt, whether it succeeds or not. */
  start(): Promise<void>
  /** Replaces groups and rules for new requests. Those in flight keep the ones they came under. */
  replaceRules(access: AccessConfig): void
  /**
   * Replaces the entries of a file of credentials, by its text. Returns how many there are, and what is wrong with lines that
   * are refused.
   */
  replaceCredentials(
    file: CredentialFile,
    text: string
  ): { readonly count: number; readonly problems: readonly string[] }
  close(): void
}

/** Files of credentials, as metrics and logs name them. */
export type CredentialFile = 'api_keys' | 'users'

export interface AuthenticatorOptions {
  readonly meter?: Pick<Meter, 'authenticated'>
  /** Origins of pages that may use credentials which browsers send unasked: `cors.origins`. */
  readonly origins?: readonly string[]
  /** Whether the gateway speaks TLS itself. */
  readonly secure?: boolean
  /** If the listener asks clients for certificates. */
  readonly certificates?:
    | {
        readonly reader: CertificateReader
        readonly areRequired: boolean
        /** Those that proxies pass on. */
        readonly forwarded?: ForwardedCertificates | undefined
      }
    | undefined
  /** Where clients reach the gateway: `apis.publicUrl`. For proofs of possession. */
  readonly publicUrl?: string | undefined
  /** HTTPS_PROXY and the like, for requests to providers and Graph. */
  readonly proxyEnvironment?: NodeJS.ProcessEnv | undefined
  /** Set with `kafka.identity: caller`: Kafka judges each caller besides. */
  readonly kafka?: KafkaCallers | undefined
  /** Time limit of all questions to Graph about one caller. */
  readonly graphTimeLimitMs?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Milliseconds of a monotonic clock, for pauses and caches. */
  readonly steadyNow?: () => number
}

const GRAPH_TIME_LIMIT_MS = 8000

export function createAuthenticator(config: AuthConfig, log: Log, options: AuthenticatorOptions = {}): Authenticator {
  if (config.mode === 'none') return open
  const { proxyEnvironment, graphTimeLimitMs = GRAPH_TIME_LIMIT_MS, meter = noMeter } = options
  const { now = Date.now, steadyNow = () => performance.now() } = options
  const issuers = config.oidc.map(provider => ({
    config: provider,
    keys: new KeySet(provider, log, proxyEnvironment, steadyNow)
  }))
  const { kafka } = options
  const map = kafka && new KafkaMap(kafka.identityMap, kafka.credentials, config.oidc)
  const policyOf = (access: AccessConfig) => new Policy(access, kafka !== undefined, map?.groups)
  const policy = policyOf(config)
  const proofs =
    config.dpopSecret === undefined
      ? undefined
      : new Proofs({ secret: config.dpopSecret, publicUrl: options.publicUrl ?? '', now })
  const tokens = new TokenVerifier(issuers, policy, now, steadyNow, {
    proofs,
    kafka: kafka && new KafkaTokens(kafka.tokenAudience)
  })
  const apiKeys = config.apiKeys === undefined ? undefined : new ApiKeys(now)
  const graph =
    config.graph === undefined
      ? null
      : new GraphMembership(config.graph, policy, log, proxyEnvironment, steadyNow, graphTimeLimitMs)
  const attempts = new Attempts(steadyNow)
  const passwords = config.basic && new Passwords(config.basic.waiting, attempts, steadyNow)
  const kafkaPasswords =
    kafka?.mechanism === undefined
      ? undefined
      : new KafkaPasswords({ ...kafka, mechanism: kafka.mechanism }, attempts, steadyNow)
  const certificates =
    options.certificates && new Certificates(options.certificates.reader, options.certificates.areRequired, now)
  const schemes = {
    tokens: issuers.length === 0 ? undefined : tokens,
    apiKeys,
    passwords: passwords ?? kafkaPasswords,
    certificates,
    forwarded: options.certificates?.forwarded
  }
  const origins = new OwnOrigins(options.origins ?? [], options.secure ?? true)
  const judge = new Judge(schemes, new Permission(policy, graph, map), {
    attempts,
    origins,
    meter,
    proof: kafka?.proof
  })
  return {
    authenticate: credentials => judge.authenticate(credentials),
    replaceRules(access) {
      const permission = new Permission(policyOf(access), graph, map)
      judge.permission = permission
      tokens.replacePolicy(permission.policy)
      graph?.replacePolicy(permission.policy)
    },
    replaceCredentials(file, text) {
      const scheme = file === 'users' ? passwords : apiKeys
      if (scheme === undefined) throw new Error(`There are no ${file}`)
      return scheme.replace(text)
    },
    ready: () => issuers.every(({ keys }) => keys.loaded),
    readings: () => ({
      keySets: issuers.map(({ config: { issuer }, keys }) => ({ issuer, ageSeconds: keys.ageMs / 1000 })),
      graphCalls: graph?.calls ?? NO_CALLS
    }),
    async start() {
      await Promise.all(issuers.map(({ keys }) => keys.start()))
    },
    close() {
      for (const { keys } of issuers) keys.close()
      graph?.close()
      passwords?.close()
    }
  }
}

const NO_CALLS = { answered: 0, failed: 0 }

const open: Authenticator = {
  authenticate: () => anonymous,
  ready: () => true,
  readings: () => ({ keySets: [], graphCalls: NO_CALLS }),
  start: () => Promise.resolve(),
  replaceRules: () => undefined,
  replaceCredentials: () => ({ count: 0, problems: [] }),
  close: () => undefined
}
