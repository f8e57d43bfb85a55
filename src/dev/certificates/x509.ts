import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { bits, boolean, der, implicit, integer, objectId, octets, sequence, set, tagged, utcTime, utf8 } from './der.ts'

export interface KeyAndCertificate {
  readonly key: KeyObject
  readonly certificatePem: string
  readonly subject: string
}

export interface Validity {
  readonly from: Date
  readonly days: number
}

const COMMON_NAME = objectId('2.5.4.3')
const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'))
const SUBJECT_KEY_ID = '2.5.29.14'
const KEY_USAGE = '2.5.29.15'
const SUBJECT_ALT_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const NAME_CONSTRAINTS = '2.5.29.30'
const AUTHORITY_KEY_ID = '2.5.29.35'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const SERVER_AUTH = objectId('1.3.6.1.5.5.7.3.1')
/** Key usages as bit strings, which start with the number of unused bits: `digitalSignature`, `keyCertSign` with `cRLSign`. */
const DIGITAL_SIGNATURE = der(0x03, Buffer.from([7, 0x80]))
const CERTIFICATE_SIGN = der(0x03, Buffer.from([1, 0x06]))
const DNS_NAME = 2
const IP_ADDRESS = 7

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/**
 * Makes a certificate authority that is limited to these names (RFC 5280 §4.2.1.10), so that trusting it is harmless for all
 * others.
 */
export function createAuthority(subject: string, names: readonly string[], validity: Validity): KeyAndCertificate {
  const key = newKey()
  const permitted = names.map(name => sequence(generalName(name, true)))
  const extensions = [
    extension(BASIC_CONSTRAINTS, true, sequence(boolean(true))),
    extension(KEY_USAGE, true, CERTIFICATE_SIGN),
    extension(SUBJECT_KEY_ID, false, octets(keyId(key))),
    extension(NAME_CONSTRAINTS, true, sequence(tagged(0, ...permitted)))
  ]
  return { key, subject, certificatePem: certificate(subject, key, { key, subject }, extensions, validity) }
}

/** Makes a server certificate for DNS names and IP addresses. */
export function createServerCertificate(
  subject: string,
  names: readonly string[],
  authority: KeyAndCertificate,
  validity: Validity
): KeyAndCertificate {
  const key = newKey()
  const extensions = [
    extension(BASIC_CONSTRAINTS, true, sequence()),
    extension(KEY_USAGE, true, DIGITAL_SIGNATURE),
    extension(EXTENDED_KEY_USAGE, false, sequence(SERVER_AUTH)),
    extension(SUBJECT_ALT_NAME, false, sequence(...names.map(name => generalName(name, false)))),
    extension(SUBJECT_KEY_ID, false, octets(keyId(key))),
    extension(AUTHORITY_KEY_ID, false, sequence(implicit(0, keyId(authority.key))))
  ]
  return { key, subject, certificatePem: certificate(subject, key, authority, extensions, validity) }
}

function certificate(
  subject: string,
  key: KeyObject,
  issuer: { readonly key: KeyObject; readonly subject: string },
  extensions: readonly Buffer[],
  { from, days }: Validity
): string {
  const to = new Date(from.getTime() + days * 86_400_000)
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer.subject),
    sequence(utcTime(from), utcTime(to)),
    distinguishedName(subject),
    publicKey(key),
    tagged(3, sequence(...extensions))
  )
  const signature = sign('sha256', body, issuer.key)
  const lines = sequence(body, ECDSA_WITH_SHA256, bits(signature))
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')
    .trimEnd()
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

function publicKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return sequence(sequence(objectId('1.2.840.10045.2.1'), objectId('1.2.840.10045.3.1.7')), bits(point))
}

function keyId(key: KeyObject): Buffer {
  return createHash('sha1').update(publicKey(key)).digest()
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(COMMON_NAME, utf8(commonName))))
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return critical ? sequence(objectId(id), boolean(true), octets(value)) : sequence(objectId(id), octets(value))
}

/** Encodes a name. As a constraint an IP address has a mask that permits only itself. */
function generalName(name: string, asConstraint: boolean): Buffer {
  if (isIP(name) === 0) return implicit(DNS_NAME, Buffer.from(name))
  const address =
    name === '::1' ? Buffer.concat([Buffer.alloc(15), Buffer.from([1])]) : Buffer.from(name.split('.').map(Number))
  return implicit(IP_ADDRESS, asConstraint ? Buffer.concat([address, Buffer.alloc(address.length, 0xff)]) : address)
}
