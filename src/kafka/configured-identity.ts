import { readFileSync } from 'node:fs'
import { proxyEnvironment } from '../config/environment.ts'
import type { KafkaConfig } from '../config/schema.ts'
import { currentSecret } from '../config/secret-file.ts'
import type { KafkaIdentity, SaslCredentials } from '../core/kafka-identity.ts'
import { ClientCredentialsTokens } from '../core/lib/client-credentials.ts'
import { JsonClient } from '../core/lib/https-json.ts'

type SaslConfig = NonNullable<KafkaConfig['sasl']>

/** Returns the gateway's own identity. Its files are read whenever it is shown: what was renewed is taken up. */
export function configuredIdentity({
  tls,
  sasl,
  connectTimeoutMs
}: Pick<KafkaConfig, 'tls' | 'sasl' | 'connectTimeoutMs'>): KafkaIdentity {
  const { certFile, keyFile } = tls ?? {}
  return {
    ...(sasl === undefined ? {} : { sasl: saslCredentials(sasl, connectTimeoutMs) }),
    ...(certFile === undefined || keyFile === undefined
      ? {}
      : { certificate: () => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) }) })
  }
}

/** Returns configured credentials by name. Passwords are read whenever they are shown. */
export function configuredCredentials(
  credentials: KafkaConfig['credentials'],
  connectTimeoutMs: number
): ReadonlyMap<string, SaslCredentials> {
  return new Map(credentials.map(({ name, ...sasl }) => [name, saslCredentials(sasl, connectTimeoutMs)]))
}

function saslCredentials(sasl: SaslConfig, timeoutMs: number): SaslCredentials {
  const { mechanism, username = '', password = '', passwordFile } = sasl
  if (mechanism === 'OAUTHBEARER') {
    const tokens = tokenSource(sasl, timeoutMs)
    return { mechanism, token: () => tokens.token() }
  }
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

function tokenSource(sasl: SaslConfig, timeoutMs: number): ClientCredentialsTokens {
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
