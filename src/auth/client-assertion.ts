import { createHash, createPrivateKey, type KeyObject, randomUUID, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SignJWT } from 'jose'
import type { GraphConfig } from '../config/auth-schema.ts'

const LIFETIME_S = 300

interface Signer {
  readonly key: KeyObject
  readonly thumbprint: string
}

/**
 * Signs proofs of the gateway's identity with its certificate; undefined if it has a secret instead. The files are read again
 * for each proof, of which there is about one an hour; while they are no pair, the last pair signs.
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function clientAssertion({
  clientId,
  clientCertFile,
  clientKeyFile
}: GraphConfig): ((tokenUrl: string) => Promise<string>) | undefined {
  if (clientCertFile === undefined || clientKeyFile === undefined) return undefined
  let signer = signerFrom(clientCertFile, clientKeyFile)
  const current = (): Signer => {
    try {
      signer = signerFrom(clientCertFile, clientKeyFile)
    } catch {
      // One of the two was replaced, and the other not yet. If it stays so, Entra ID refuses the old pair once it has expired.
    }
    return signer
  }
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
