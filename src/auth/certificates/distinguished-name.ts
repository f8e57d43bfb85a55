import { type AsnType, contentOf, identifierIn, partsOf } from './der.ts'

/** Attribute types that have a short name in RFC 2253 §2.3; Java writes others as an OID. */
const KEYWORDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID'
}

/** UTF8String, PrintableString, T61String, IA5String, GeneralString and BMPString: what Java writes as text, reading the bytes of each as UTF-8. */
const TEXT_TAGS: ReadonlySet<number> = new Set([12, 19, 20, 22, 27, 30])
const UNIVERSAL = 1

/**
 * Writes a distinguished name as Java's `X500Principal.getName()` does, and so as Kafka's `ssl.principal.mapping.rules` see it:
 * RFC 2253, the last part first, values of other types as OID and hex. Takes the parsed `Name` of RFC 5280 §4.1.2.4.
 */
export function distinguishedName(name: AsnType): string {
  return partsOf(name)
    .map(part => partsOf(part).map(attribute).join('+'))
    .toReversed()
    .join(',')
}

function attribute(block: AsnType): string {
  const [type, value] = partsOf(block)
  const id = identifierIn(type)
  const keyword = KEYWORDS[id]
  const isText = value.idBlock.tagClass === UNIVERSAL && TEXT_TAGS.has(value.idBlock.tagNumber)
  return keyword === undefined || !isText
    ? `${keyword ?? id}=#${Buffer.from(value.valueBeforeDecodeView).toString('hex')}`
    : `${keyword}=${escaped(contentOf(value).toString('utf8'))}`
}

/** RFC 2253 §2.4: special characters anywhere, and spaces at either end. */
function escaped(text: string): string {
  const marked = text.replaceAll(/[,=+<>#;"\\]/g, '\\$&').replaceAll('\0', String.raw`\00`)
  const characters = Array.from(marked)
  const first = characters.findIndex(isNoSpace)
  const last = characters.findLastIndex(isNoSpace)
  return characters.map((character, at) => (at < first || at > last ? `\\${character}` : character)).join('')
}

const isNoSpace = (character: string): boolean => character !== ' ' && character !== '\r'
