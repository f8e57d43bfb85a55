import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ConnectionOptions } from '@platformatic/kafka'
import { proxyEnvironment } from '../../config/environment.ts'
import type { KafkaConfig } from '../../config/schema.ts'
import { ClientCredentialsTokens } from '../../core/lib/client-credentials.ts'
import { JsonClient } from '../../core/lib/https-json.ts'

/** TLS and SASL as the client library wants them. Files are read at each call: a renewed certificate is taken up. */
export function connectionOptionsFor(config: KafkaConfig): (host: string) => ConnectionOptions {
  const { tls, sasl } = config
  const tokens = sasl?.mechanism === 'OAUTHBEARER' ? tokenSource(sasl, config.connectTimeoutMs) : null
  return host => ({
    ...(tls === undefined ? {} : { tls: tlsOptions(tls), ...(isIP(host) ? {} : { tlsServerName: host }) }),
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
  sasl: NonNullable<KafkaConfig['sasl']>,
  tokens: ClientCredentialsTokens | null
): NonNullable<ConnectionOptions['sasl']> {
  if (tokens !== null) return { mechanism: sasl.mechanism, token: () => tokens.token() }
  return { mechanism: sasl.mechanism, username: sasl.username ?? '', password: sasl.password ?? '' }
}

function tokenSource(sasl: NonNullable<KafkaConfig['sasl']>, timeoutMs: number): ClientCredentialsTokens {
  const { tokenUrl = '', clientId = '', clientSecret = '', scope, caFile } = sasl
  return new ClientCredentialsTokens(new JsonClient({ caFile, timeoutMs, proxyEnvironment: proxyEnvironment() }), {
    tokenUrl,
    clientId,
    clientSecret,
    scope
  })
}
