import { createHash, createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SignJWT } from 'jose'
import type { GraphConfig } from '../config/auth-schema.ts'

const LIFETIME_S = 300

/**
 * Signs proofs of the gateway's identity with its certificate; undefined where it has a secret instead.
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function clientAssertion({
  clientId,
  clientCertFile,
  clientKeyFile
}: GraphConfig): ((tokenUrl: string) => Promise<string>) | undefined {
  if (clientCertFile === undefined || clientKeyFile === undefined) return undefined
  const certificate = new X509Certificate(readFileSync(clientCertFile))
  const key = createPrivateKey(readFileSync(clientKeyFile))
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`auth.graph.clientKeyFile: ${clientKeyFile} holds no RSA key`)
  if (!certificate.checkPrivateKey(key))
    throw new Error(`auth.graph.clientKeyFile: ${clientKeyFile} is not the key of ${clientCertFile}`)
  const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url')
  return tokenUrl =>
    new SignJWT()
      .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(tokenUrl)
      .setJti(randomUUID())
      .setIssuedAt()
      .setNotBefore('0 s')
      .setExpirationTime(`${LIFETIME_S} s`)
      .sign(key)
}
