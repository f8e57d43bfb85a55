import { refusalOf } from '../../kafka/transport/refused-credentials.ts'
import { causeText } from '../../kafka/transport/transport-error.ts'

const UNRESOLVED = /^(ENOTFOUND|EAI_AGAIN)$/
const NO_ROUTE = /^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/
const SILENT = /no connection within|^ETIMEDOUT$/
const BROKER_ALERT = /ALERT/
const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID'
/** OpenSSL met bytes that are no TLS, or the server closed the connection in the handshake. */
const NO_TLS = /WRONG_VERSION_NUMBER|before secure TLS connection/

/** ILLEGAL_SASL_STATE. */
const NO_SASL = /SASL mechanism \S+ is refused \(34\)/

/** Returns every error code in a chain of causes, those of Node and of OpenSSL. */
const codesOf = (error: unknown): string[] => {
  const codes: string[] = []
  for (let at = error; at instanceof Error; at = at.cause)
    if ('code' in at && typeof at.code === 'string') codes.push(at.code)
  return codes
}

/** Whether no TCP connection was made, so that the address itself is in doubt. */
export const isUnreached = (error: unknown): boolean => {
  const codes = codesOf(error)
  return codes.some(code => UNRESOLVED.test(code) || NO_ROUTE.test(code) || code === 'ECONNREFUSED') || isSilent(error)
}

const isSilent = (error: unknown): boolean => SILENT.test(causeText(error)) || codesOf(error).some(c => SILENT.test(c))

/** Returns why a step failed, in plain words, with what was said in brackets, as far as `presentable` lets it through. */
export const reasonOf = (error: unknown, presentable: (said: string) => string): string => {
  const text = causeText(error)
  const advice = adviceFor(error, text)
  return advice === undefined ? presentable(text) : `${advice} (${presentable(text)})`
}

const adviceFor = (error: unknown, text: string): string | undefined => {
  const codes = codesOf(error)
  if (codes.some(code => UNRESOLVED.test(code))) return 'the name cannot be resolved'
  if (codes.includes('ECONNREFUSED'))
    return 'the connection is refused: nothing listens there, or a firewall is in between'
  if (codes.some(code => NO_ROUTE.test(code))) return 'there is no route to it'
  if (isSilent(error)) return 'nothing answers: the address is wrong, or a firewall drops what is sent'
  if (codes.some(code => NO_TLS.test(code)) || NO_TLS.test(text))
    return 'the port does not speak TLS: leave out kafka.tls, or use the port of an SSL listener'
  if (codes.includes(OTHER_NAME)) return 'the certificate is for another name: it must hold the host of the address'
  const refusal = refusalOf(error)
  if (NO_SASL.test(text))
    return 'the listener does not use SASL: leave out kafka.sasl, or use the port of another listener'
  if (refusal === 'password') return 'the credentials are refused: check kafka.sasl'
  if (refusal === null) return undefined
  return codes.some(code => BROKER_ALERT.test(code))
    ? "the broker refuses the gateway's client certificate, or wants one: check kafka.tls.certFile"
    : 'the certificate is not trusted: check kafka.tls.caFile'
}
