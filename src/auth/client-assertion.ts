import { createHash, createPrivateKey, type KeyObject, randomUUID, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SignJWT } from 'jose'
import type { GraphConfig } from '../config/auth-schema.ts'
import { lastGood } from '../core/lib/last-good.ts'

const LIFETIME_S = 300

interface Signer {
  readonly key: KeyObject
  readonly thumbprint: string
}

/**
 * Returns a function that signs proofs of the gateway's identity with its certificate; undefined if it has a secret instead.
 * Reads the files for each proof, about once an hour; while they do not match, the last pair signs.
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function clientAssertion({
  clientId,
  clientCertFile,
  clientKeyFile
}: GraphConfig): ((tokenUrl: string) => Promise<string>) | undefined {
  if (clientCertFile === undefined || clientKeyFile === undefined) return undefined
  const read = () => signerFrom(clientCertFile, clientKeyFile)
  const current = lastGood(read(), read)
  return tokenUrl => {
    const { key, thumbprint } = current()
    return new SignJWT()
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
}

function signerFrom(certFile: string, keyFile: string): Signer {
  const certificate = new X509Certificate(readFileSync(certFile))
  const key = createPrivateKey(readFileSync(keyFile))
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`auth.graph.clientKeyFile: ${keyFile} holds no RSA key`)
  if (!certificate.checkPrivateKey(key))
    throw new Error(`auth.graph.clientKeyFile: ${keyFile} is not the key of ${certFile}`)
  return { key, thumbprint: createHash('sha256').update(certificate.raw).digest('base64url') }
}
