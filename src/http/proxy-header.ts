import { isIP } from 'node:net'
import { addressIn } from './client-address.ts'

/** Length limits of the two versions, first byte to last. That of version 2 is ours: its longest has 64 KiB. */
const MOST_V1_BYTES = 107
const MOST_V2_BYTES = 4096
const SIGNATURE_V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const FIXED_V2_BYTES = 16
const START_V1 = Buffer.from('PROXY ', 'latin1')

/** TCP over IPv4, TCP over IPv6, and a stream over a Unix socket. */
const TCP4 = 0x11
const TCP6 = 0x21
const UNIX_STREAM = 0x31
const UNSPECIFIED = 0x00

/** A whole header: how long it is, and the client's address unless the proxy names none. */
export interface ProxyHeader {
  readonly bytes: number
  readonly address: string | undefined
}

/**
 * Reads the header of the PROXY protocol, version 1 or 2, with which a balancer names the client of a connection. Returns
 * `more` while the bytes can still become one, `bad` if they cannot. Version 2's additional fields are skipped.
 * Source: haproxy's proxy-protocol.txt.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  if (startsLike(bytes, SIGNATURE_V2)) return bytes.length < FIXED_V2_BYTES ? 'more' : readV2(bytes)
  return startsLike(bytes, START_V1) ? readV1(bytes) : 'bad'
}

/** Returns whether the bytes, as far as they go, are those of `start`. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

const LINE_V1 = /^PROXY TCP([46]) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})$/
const MOST_PORT = 65_535

function readV1(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const end = bytes.subarray(0, MOST_V1_BYTES).indexOf('\r\n')
  if (end < 0) return bytes.length < MOST_V1_BYTES ? 'more' : 'bad'
  const line = bytes.toString('latin1', 0, end)
  const length = end + 2
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) return { bytes: length, address: undefined }
  const parts = LINE_V1.exec(line)
  if (parts === null) return 'bad'
  const [, version, client, own, clientPort, ownPort] = parts
  if (isIP(client) !== Number(version) || isIP(own) !== Number(version)) return 'bad'
  if (Number(clientPort) > MOST_PORT || Number(ownPort) > MOST_PORT) return 'bad'
  return { bytes: length, address: addressIn(client) }
}

function readV2(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const [versionAndCommand, family] = bytes.subarray(SIGNATURE_V2.length)
  const length = FIXED_V2_BYTES + bytes.readUInt16BE(SIGNATURE_V2.length + 2)
  const isLocal = versionAndCommand === 0x20
  if ((!isLocal && versionAndCommand !== 0x21) || length > MOST_V2_BYTES) return 'bad'
  if (bytes.length < length) return 'more'
  if (isLocal || family === UNSPECIFIED || family === UNIX_STREAM) return { bytes: length, address: undefined }
  const addressBytes = family === TCP4 ? 4 : 16
  // Two addresses and two ports.
  if ((family !== TCP4 && family !== TCP6) || length < FIXED_V2_BYTES + 2 * addressBytes + 4) return 'bad'
  return { bytes: length, address: written(bytes.subarray(FIXED_V2_BYTES, FIXED_V2_BYTES + addressBytes)) }
}

function written(address: Buffer): string | undefined {
  return addressIn(address.length === 4 ? address.join('.') : (address.toString('hex').match(/.{4}/g) ?? []).join(':'))
}
