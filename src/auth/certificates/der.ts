import { type AsnType, Constructed, ObjectIdentifier, OctetString, Sequence, Set } from 'asn1js'

export { fromBER, type AsnType } from 'asn1js'

/** Returns the members of a sequence, a set, or what is in an explicit tag. Throws an Error for anything else. */
export function partsOf(block: AsnType | undefined): readonly AsnType[] {
  if (block instanceof Sequence || block instanceof Set || block instanceof Constructed) return block.valueBlock.value
  throw new Error('it is malformed')
}

/** Returns an object identifier in dotted form. */
export function identifierIn(block: AsnType): string {
  if (block instanceof ObjectIdentifier) return block.valueBlock.toString()
  throw new Error('it is malformed')
}

/** Returns the bytes of an octet string. */
export function octetsIn(block: AsnType | undefined): Uint8Array {
  if (block instanceof OctetString) return block.valueBlock.valueHexView
  throw new Error('it is malformed')
}

/** Returns the bytes of a value without its tag and length. */
export function contentOf({ valueBeforeDecodeView, lenBlock }: AsnType): Buffer {
  const encoded = Buffer.from(valueBeforeDecodeView)
  return encoded.subarray(encoded.length - lenBlock.length)
}
