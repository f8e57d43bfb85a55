import { isIP } from 'node:net'

/** A header of version 1 with which a balancer names a client. */
export function v1Header(address: string, port: number): Buffer {
  const [family, own] = isIP(address) === 4 ? ['TCP4', '192.0.2.200'] : ['TCP6', '2001:db8::200']
  return Buffer.from(`PROXY ${family} ${address} ${own} ${port} 9400\r\n`)
}

/** The same of version 2, with `tlvs` at its end. */
export function v2Header(address: string, port: number, tlvs: Uint8Array = new Uint8Array()): Buffer {
  const client = addressBytes(address)
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(port, 0)
  ports.writeUInt16BE(9400, 2)
  const body = Buffer.concat([client, Buffer.alloc(client.length, 1), ports, tlvs])
  const fixed = Buffer.from([
    ...Buffer.from('0d0a0d0a000d0a515549540a', 'hex'),
    0x21,
    client.length === 4 ? 0x11 : 0x21,
    0,
    0
  ])
  fixed.writeUInt16BE(body.length, 14)
  return Buffer.concat([fixed, body])
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const text =
    embedded === null ? address : `${embedded[1]}${hex(embedded[2], embedded[3])}:${hex(embedded[4], embedded[5])}`
  const [head, tail] = text.split('::')
  const groups = (part = '') => (part === '' ? [] : part.split(':'))
  const left = groups(head)
  const right = groups(tail)
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0')
  return Buffer.from([...left, ...zeros, ...right].map(group => group.padStart(4, '0')).join(''), 'hex')
}

const hex = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16)
