import { createAuthority, createServerCertificate } from '../../../src/dev/certificates/x509.ts'

const HOUR_MS = 3_600_000
const validity = { from: new Date(Date.now() - HOUR_MS), days: 1 }
const authority = createAuthority('Test authority', ['localhost'], validity)
const server = createServerCertificate('localhost', ['localhost'], authority, validity)
/** Of `localhost`, valid for a day. */
export const tls = { cert: server.certificatePem, key: server.key.export({ type: 'pkcs8', format: 'pem' }) }
/** Whom to trust for it. */
export const ca = authority.certificatePem
