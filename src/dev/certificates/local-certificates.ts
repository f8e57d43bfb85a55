import { X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority, createServerCertificate } from './x509.ts'

export interface LocalCertificates {
  /** The authority that clients must trust. */
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** Names of the gateway and of the identity provider; the last for tests that resolve Entra's name to it. */
const NAMES = ['localhost', '127.0.0.1', '::1', 'login.microsoftonline.com']
const DAYS = 365
const RENEW_BEFORE_MS = 30 * 86_400_000

/**
 * Returns the folder's own certificate authority and a server certificate, made at the first call and again before they
 * expire. The authority's key is not kept, so that nothing else can be signed with it.
 */
export function localCertificates(folder: string): LocalCertificates {
  const files = {
    caFile: join(folder, 'ca.pem'),
    certFile: join(folder, 'server.pem'),
    keyFile: join(folder, 'server-key.pem')
  }
  if (Object.values(files).every(existsSync) && isFresh(files.certFile)) return files
  mkdirSync(folder, { recursive: true })
  const validity = { from: new Date(Date.now() - 3_600_000), days: DAYS }
  const authority = createAuthority('kafka-rest-gateway local CA', NAMES, validity)
  const server = createServerCertificate('localhost', NAMES, authority, validity)
  writeFileSync(files.caFile, authority.certificatePem)
  writeFileSync(files.certFile, server.certificatePem)
  writeFileSync(files.keyFile, server.key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  chmodSync(files.keyFile, 0o600)
  return files
}

function isFresh(certFile: string): boolean {
  return new X509Certificate(readFileSync(certFile)).validToDate.getTime() - Date.now() > RENEW_BEFORE_MS
}
