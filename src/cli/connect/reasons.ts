import { refusalOf } from '../../kafka/transport/refused-credentials.ts'
import { causeText } from '../../kafka/transport/transport-error.ts'

/** The other side of a step, for advice. */
export interface Peer {
  readonly kind: 'broker' | 'service'
  /** The setting of the certificates that are trusted there. */
  readonly caFile: string
}

export const BROKER: Peer = { kind: 'broker', caFile: 'kafka.tls.caFile' }

const UNRESOLVED = /^(ENOTFOUND|EAI_AGAIN)$/
const NO_ROUTE = /^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/
const SILENT = /no connection within|aborted due to timeout|\bETIMEDOUT\b/
const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID'
/** OpenSSL met bytes that are not TLS, or the server closed the connection during the handshake. */
const NO_TLS = /wrong version number|before secure TLS connection/i
/** ILLEGAL_SASL_STATE. */
const NO_SASL = /SASL mechanism \S+ is refused \(34\)/

/** Returns every error code in a chain of causes, those of Node and of OpenSSL. */
const codesOf = (error: unknown): string[] => {
  const codes: string[] = []
  for (let at = error; at instanceof Error; at = at.cause)
    if ('code' in at && typeof at.code === 'string') codes.push(at.code)
  return codes
}

/** Returns why no TCP connection was made, so that the address itself is in doubt; undefined if one was. */
const unreachedReason = (codes: readonly string[], text: string): string | undefined => {
  if (codes.some(code => UNRESOLVED.test(code))) return 'the name cannot be resolved'
  if (codes.includes('ECONNREFUSED'))
    return 'the connection is refused: nothing listens there, or a firewall is in between'
  if (codes.some(code => NO_ROUTE.test(code))) return 'there is no route to it'
  return SILENT.test(text) ? 'nothing answers: the address is wrong, or a firewall drops what is sent' : undefined
}

/** Returns whether no TCP connection was made. */
export const isUnreached = (error: unknown): boolean => unreachedReason(codesOf(error), causeText(error)) !== undefined

/** Returns why a step failed, in plain words, with the errors in brackets as far as `presentable` lets them through. */
export const reasonOf = (error: unknown, peer: Peer, presentable: (said: string) => string): string => {
  const text = causeText(error)
  const reason = reasonFor(error, text, peer)
  return reason === undefined ? presentable(text) : `${reason} (${presentable(text)})`
}

const reasonFor = (error: unknown, text: string, { kind, caFile }: Peer): string | undefined => {
  const codes = codesOf(error)
  const unreached = unreachedReason(codes, text)
  if (unreached !== undefined) return unreached
  if (codes.includes(OTHER_NAME)) return 'the certificate is for another name: it must hold the host of the address'
  const refusal = refusalOf(error)
  if (kind === 'broker') return brokerReason(text, refusal, caFile)
  return refusal === 'certificate' ? `the certificate is not trusted: check ${caFile}` : undefined
}

const brokerReason = (text: string, refusal: ReturnType<typeof refusalOf>, caFile: string): string | undefined => {
  if (NO_TLS.test(text)) return 'the port does not speak TLS: leave out kafka.tls, or use the port of an SSL listener'
  if (NO_SASL.test(text))
    return 'the listener does not use SASL: leave out kafka.sasl, or use the port of another listener'
  if (refusal === 'password') return 'the credentials are refused: check kafka.sasl'
  if (refusal === null) return undefined
  return /alert/i.test(text)
    ? "the broker refuses the gateway's client certificate, or wants one: check kafka.tls.certFile"
    : `the certificate is not trusted: check ${caFile}`
}
