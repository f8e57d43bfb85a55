import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { proxyEnvironment } from '../../config/environment.ts'
import type { KafkaConfig } from '../../config/schema.ts'
import { currentSecret } from '../../config/secret-file.ts'
import { ClientCredentialsTokens } from '../../core/lib/client-credentials.ts'
import { JsonClient } from '../../core/lib/https-json.ts'
import type { SaslOptions } from './sasl.ts'

/** How a connection to a broker is secured. */
export interface ConnectionSecurity {
  readonly tls?: TlsOptions
  readonly sasl?: SaslOptions
}

/** What the gateway shows to the brokers, and how it judges what they show. */
export type Credentials = Pick<KafkaConfig, 'tls' | 'sasl'>

/** TLS and SASL for a host. Files are read at each call: a renewed certificate is taken up. */
export function connectionSecurity(
  { tls, sasl }: Credentials,
  timeoutMs: number
): (host: string) => ConnectionSecurity {
  const tokens = sasl?.mechanism === 'OAUTHBEARER' ? tokenSource(sasl, timeoutMs) : null
  return host => ({
    ...(tls === undefined ? {} : { tls: { ...tlsOptions(tls), ...(isIP(host) ? {} : { servername: host }) } }),
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl, tokens) })
  })
}

function tlsOptions({ caFile, certFile, keyFile }: NonNullable<KafkaConfig['tls']>) {
  return {
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) })
  }
}

function saslOptions(
  { mechanism, username = '', password = '', passwordFile }: NonNullable<KafkaConfig['sasl']>,
  tokens: ClientCredentialsTokens | null
): SaslOptions {
  if (tokens !== null) return { mechanism, token: () => tokens.token() }
  const current = currentSecret(password, passwordFile)
  return {
    mechanism,
    username,
    // Read when it is used: a session that is renewed needs the password of now (KIP-368).
    get password() {
      return current()
    }
  }
}

function tokenSource(sasl: NonNullable<KafkaConfig['sasl']>, timeoutMs: number): ClientCredentialsTokens {
  const { tokenUrl = '', clientId = '', clientSecret = '', clientSecretFile, scope, caFile } = sasl
  const current = currentSecret(clientSecret, clientSecretFile)
  return new ClientCredentialsTokens(new JsonClient({ caFile, timeoutMs, proxyEnvironment: proxyEnvironment() }), {
    tokenUrl,
    clientId,
    get clientSecret() {
      return current()
    },
    scope
  })
}
